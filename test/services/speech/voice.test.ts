import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { compileFlite } from '../../../services/speech/flite-wasi.ts'
import { speak, speakableText } from '../../../services/speech/voice.ts'

let flite: WebAssembly.Module
before(async () => {
  flite = await compileFlite()
})

const say = (text: string, stretch = 1) => speak(flite, { text, voice: 'rms', stretch })
const ms = (pcm: Int16Array) => pcm.length / 16

/** Milliseconds of silence at the end; the voice leaves less than 16 there. */
function tailMs(pcm: Int16Array): number {
  return (
    ms(pcm) -
    ms(
      pcm.subarray(
        0,
        pcm.findLastIndex((sample) => Math.abs(sample) > 200)
      )
    )
  )
}

describe('speak', () => {
  it('says a single word, which flite alone would take for the name of a file', () => {
    const word = say('Yes.')
    assert.ok(ms(word) > 400 && ms(word) < 1000, `${ms(word)} ms`)
  })

  it('begins within 60 ms', () => {
    const pcm = say('Hello there.')
    assert.ok(
      ms(
        pcm.subarray(
          0,
          pcm.findIndex((sample) => Math.abs(sample) > 500)
        )
      ) < 60
    )
  })

  it('pauses longest after a sentence, less after a comma, and hardly where the words go on', () => {
    const [sentence, comma, open] = ['We are open now.', 'we are open now,', 'we are open now'].map((text) =>
      tailMs(say(text))
    )
    assert.ok(sentence > 170 && sentence < 280, `${sentence} ms after a sentence`)
    assert.ok(comma > 100 && comma < 200, `${comma} ms after a comma`)
    assert.ok(open < 100, `${open} ms after a word`)
  })

  it('takes longer when stretched', () => {
    const text = 'I will say this again.'
    assert.ok(say(text, 1.5).length > say(text).length * 1.3)
  })

  it('takes nothing in a text for an option or a file', () => {
    const spoken = say('hello world')
    assert.deepEqual(say('-- hello world'), spoken)
    assert.ok(ms(say('-voice')) > 200)
    assert.ok(ms(say('/etc/passwd')) > 200)
  })

  it('is silent where there is nothing to say', () => {
    for (const text of ['', '  ', '...', '—', '你好']) assert.equal(say(text).length, 0, text)
  })
})

describe('speakableText', () => {
  it('writes accents and typographic marks in plain letters', () => {
    assert.equal(speakableText('“Crème brûlée” – it’s 5…\u0007'), "Creme brulee, it's 5...")
  })
})
