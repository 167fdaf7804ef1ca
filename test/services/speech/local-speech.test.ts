import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createLocalSpeech, createVoice, type LocalSpeech } from '../../../services/speech/local-speech.ts'
import { noiseLike } from '../../support/speech-like.ts'
import { sine } from '../../support/tone.ts'
import { mix, overTelephoneWide } from './telephone.ts'

const GRAMMAR = `#JSGF V1.0;
grammar shop;
public <utterance> = [hello] (<book> | yes [please] | no [thank you] | offhook | <digit>+);
<book> = i (want | would like) to book a table [for <digit> people];
<digit> = one | two | three | four | five | six | seven | eight | nine | zero;
`
const KNOWN = [
  'yes please',
  'no',
  'i would like to book a table for four people',
  'two nine three four zero',
  'offhook'
]
const UNKNOWN = [
  'the weather in london was rather gloomy yesterday',
  'quantum mechanics describes nature at small scales',
  'let me speak to your manager right now',
  'my uncle repaired the old bicycle'
]

describe('createLocalSpeech', () => {
  let speech: LocalSpeech
  before(async () => {
    speech = await createLocalSpeech({ grammar: GRAMMAR, pronunciations: { offhook: 'AO F HH UH K' } })
  })
  after(() => speech.close())

  const call = async (text: string) => overTelephoneWide(await speech.synthesise(text, { voice: 'rms' }))

  for (const text of KNOWN)
    it(`hears "${text}" over a telephone line and is sure of it`, async () => {
      const heard = await speech.recognise(await call(text))
      assert.equal(heard.text, text)
      assert.ok(heard.confidence > 0.4 && heard.confidence <= 1, `confidence ${heard.confidence}`)
    })

  for (const text of UNKNOWN)
    it(`is not sure of "${text}", which is not in the grammar`, async () => {
      const { confidence } = await speech.recognise(await call(text))
      assert.ok(confidence < 0.25, `confidence ${confidence}`)
    })

  const tones = (...frequenciesHz: number[]) =>
    frequenciesHz
      .map((frequencyHz) => sine({ frequencyHz, sampleRate: 16_000, ms: 1000, amplitude: 8000 }))
      .reduce(mix)
  const sounds: Record<string, Int16Array> = {
    'no audio': new Int16Array(0),
    'a click': Int16Array.from({ length: 16_000 }, (_, i) => (i > 8000 && i < 8400 ? 20_000 * (-1) ** i : 0)),
    'less than 150 ms': noiseLike({ sampleRate: 16_000, ms: 140, dbfs: -15 }),
    silence: noiseLike({ sampleRate: 16_000, ms: 2000, dbfs: -60 }),
    noise: noiseLike({ sampleRate: 16_000, ms: 2000, dbfs: -20 }),
    ringback: tones(440, 480)
  }
  for (const [name, pcm] of Object.entries(sounds))
    it(`hears nothing in ${name}`, async () => {
      assert.deepEqual(await speech.recognise(pcm), { text: '', confidence: 0 })
    })

  it('hears no word in the keys of a telephone', async () => {
    for (const [low, high] of [697, 770, 852, 941].flatMap((low) =>
      [1209, 1336, 1477].map((high) => [low, high])
    )) {
      const pcm = overTelephoneWide(tones(low, high))
      for (const length of [6400, 16_000])
        assert.deepEqual(await speech.recognise(pcm.slice(0, length)), { text: '', confidence: 0 })
    }
  })

  it('leaves the audio that it was given to its owner, and hears it again in the same way', async () => {
    const pcm = await call('yes please')
    const [first, second] = await Promise.all([speech.recognise(pcm), speech.recognise(pcm)])
    assert.deepEqual(first, second)
    assert.ok(pcm.length > 0)
  })

  it('makes a clause once, however many calls want it at once or later', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => speech.synthesise('Welcome back.', { voice: 'rms', stretch: 1.1 }))
    )
    assert.equal(one, other)
    assert.equal(await speech.synthesise('Welcome back.', { voice: 'rms', stretch: 1.1 }), one)
    assert.notEqual(await speech.synthesise('Welcome back.', { voice: 'slt', stretch: 1.1 }), one)
    assert.notEqual(await speech.synthesise('Welcome back.', { voice: 'rms', stretch: 1.4 }), one)
  })

  it('refuses a text that is no clause', async () => {
    await assert.rejects(speech.synthesise('a '.repeat(400), { voice: 'rms' }), RangeError)
  })

  it('speaks while it listens', async () => {
    const long = await call(KNOWN[2].repeat(3))
    const finished: string[] = []
    await Promise.all([
      speech.recognise(long).then(() => finished.push('heard')),
      speech.synthesise('Right away.', { voice: 'slt' }).then(() => finished.push('said'))
    ])
    assert.deepEqual(finished, ['said', 'heard'])
  })
})

describe('createLocalSpeech, when something is wrong', () => {
  it('names the words that no dictionary has', async () => {
    const grammar = '#JSGF V1.0; grammar g; public <x> = hello | frobnicate | hello quuxify;'
    await assert.rejects(createLocalSpeech({ grammar }), /frobnicate, quuxify/)
  })

  it('says that a grammar cannot be read', async () => {
    await assert.rejects(
      createLocalSpeech({ grammar: 'public <x> = hello' }),
      /grammar can't be used: .*syntax error/
    )
  })

  it('takes no endless noise for one long word', async () => {
    const grammar = '#JSGF V1.0; grammar g; public <x> = yes | no | (one | two | three)+;'
    const speech = await createLocalSpeech({ grammar })
    const noise = noiseLike({ sampleRate: 16_000, ms: 4000, dbfs: -6 })
    const heard = await speech.recognise(noise)
    await speech.close()
    assert.deepEqual(heard, { text: '', confidence: 0 })
  })

  it('rejects what is asked of it after close', async () => {
    const voice = await createVoice()
    const said = await voice.synthesise('Hello.', { voice: 'rms' })
    assert.ok(said.length > 0)
    const pending = assert.rejects(voice.synthesise('Not any more.', { voice: 'rms' }), /closed/)
    await voice.close()
    await pending
    await assert.rejects(voice.synthesise('Hello.', { voice: 'rms' }), /closed/)
  })

  it('keeps no process alive once closed', async () => {
    const script = `
      import { createLocalSpeech } from ${JSON.stringify(new URL('../../../services/speech/local-speech.ts', import.meta.url))}
      const speech = await createLocalSpeech({ grammar: '#JSGF V1.0; grammar g; public <x> = yes | no;' })
      const pcm = await speech.synthesise('Yes.', { voice: 'rms' })
      console.log((await speech.recognise(pcm)).text)
      await speech.close()`
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000
    })
    assert.equal((await run).stdout, 'yes\n')
  })
})
