import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { turns } from '../../../support/until.ts'
import { CascadeRig, type CascadeRigOptions } from './engine-rig.ts'

const LONG =
  'We have three kinds of it. The first one is red, and the second one is blue, and the third is green.'

describe('a turn of the cascade', () => {
  const rigs: CascadeRig[] = []

  async function connected(options?: CascadeRigOptions): Promise<CascadeRig> {
    const rig = await CascadeRig.connected(options)
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  it('is answered ahead when it may be over, and heard only when it is', async () => {
    const rig = await connected({
      deepgram: { transcribe: () => 'Are you open?' },
      openai: { firstTokenMs: 1 }
    })
    rig.speak(1000, 300)
    await rig.openai.until(() => rig.openai.chats.length === 1, 'the request')
    await rig.deepgram.until(() => rig.deepgram.speaks[0].sentAudio.length > 0, 'the voice')
    await turns()
    assert.deepEqual([rig.said, rig.eventsOf('audio'), rig.eventsOf('callerSpeechStopped')], [[], [], []])
    rig.beSilent(900)
    await rig.waitFor('replyDone')
    assert.equal(rig.openai.chats.length, 1)
    assert.deepEqual(rig.said, ['I heard: Are you open?.'])
  })

  it('drops what was answered ahead when the caller goes on', async () => {
    const rig = await connected({
      deepgram: { transcribe: (n) => (n === 1 ? 'My number is' : 'five five five') },
      openai: { firstTokenMs: 30 }
    })
    rig.speak(1000, 260)
    await rig.openai.until(() => rig.openai.chats.length === 1, 'the request')
    rig.speak(900)
    await rig.openai.until(() => rig.openai.chats[0].aborted, 'the request to be taken back')
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.heard, ['My number is five five five'])
    assert.deepEqual(rig.said, ['I heard: My number is five five five.'])
    assert.deepEqual(rig.messagesOf(rig.openai.chats.length), ['user: My number is five five five'])
  })

  it('waits longer for more where the agent has asked for patience', async () => {
    const rig = await connected({
      deepgram: { transcribe: (n) => (n === 1 ? 'Five five' : 'one two three.') }
    })
    rig.engine.setPatience(1500)
    rig.speak(900, 1000)
    await rig.deepgram.until(
      () => rig.deepgram.listens[0].sent.some(({ message }) => message.event === 'EndOfTurn'),
      'the end of the first'
    )
    rig.speak(900, 1000)
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.heard, ['Five five one two three.'])
    assert.equal(rig.eventsOf('callerSpeechStarted').length, 1)
    assert.equal(rig.openai.chats.length, 1)
  })

  it('waits for the rest of a sentence where nova-3 hears none', async () => {
    const rig = await connected({
      env: { DEEPGRAM_STT_MODEL: 'nova-3' },
      deepgram: { transcribe: (n) => (n === 1 ? 'I would like to' : 'book a table.') }
    })
    rig.speak(1000, 400)
    rig.speak(1000)
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.heard, ['I would like to book a table.'])
  })

  it('is heard out where nova-3 gives it in many final pieces, and ends once', async () => {
    const text = 'one two three four five six seven eight nine ten eleven twelve thirteen.'
    const rig = await connected({
      env: { DEEPGRAM_STT_MODEL: 'nova-3' },
      deepgram: { transcribe: () => text }
    })
    rig.speak(3600, 2000)
    await rig.waitFor('replyDone')
    await rig.deepgram.until(
      () => rig.deepgram.listens[0].sent.some(({ message }) => message.type === 'UtteranceEnd'),
      'UtteranceEnd'
    )
    assert.deepEqual(rig.heard, [text])
  })

  it('remembers only what was heard of a reply that was cut, and stops making it', async () => {
    const rig = await connected({
      deepgram: { transcribe: (n) => (n === 1 ? 'What is there?' : 'Stop please.') },
      openai: { chat: (_, index) => ({ text: index === 0 ? LONG : 'As you wish.' }), tokenMs: 60 }
    })
    rig.speak()
    const { replyId } = await rig.waitFor('audio')
    await rig.until(() => rig.receivedMs(replyId) > 1500, 'a second and a half')
    rig.interruptWith(() => [{ replyId, heardMs: 1200, receivedMs: rig.receivedMs(replyId) }])
    rig.speak()
    await rig.waitFor('callerSpeechStarted', 2)
    await rig.openai.until(() => rig.openai.chats[0].aborted, 'the model to be stopped')
    await rig.deepgram.until(
      () => rig.deepgram.speaks[0].received.some(({ what }) => what === 'Clear'),
      'the voice to be cleared'
    )
    await rig.waitFor('replyDone', 2)
    const [first, cut, last] = rig.messagesOf(2)
    assert.deepEqual([first, last], ['user: What is there?', 'user: Stop please.'])
    const remembered = cut.replace('assistant: ', '')
    assert.ok(LONG.startsWith(remembered) && remembered.length > 5, remembered)
    assert.ok(remembered.length < rig.said[0].length, `${remembered} of ${rig.said[0]}`)
    assert.equal(rig.said.at(-1), 'As you wish.')
  })

  it('that was nothing is not answered, and the words heard again are remembered', async () => {
    const rig = await connected({
      deepgram: { transcribe: (n) => ['What is there?', 'Okay.', 'And now?'][n - 1] },
      openai: { chat: () => ({ text: LONG }) }
    })
    rig.speak()
    const { replyId } = await rig.waitFor('replyDone')
    const receivedMs = rig.receivedMs(replyId)
    rig.engine.once('callerSpeechStarted', () =>
      rig.engine.interrupt([{ replyId, heardMs: receivedMs / 2, receivedMs }])
    )
    rig.engine.once('callerTranscript', ({ utteranceId }) => rig.engine.dismiss(utteranceId))
    rig.speak()
    await rig.waitFor('callerTranscript', 2)
    rig.engine.remember('the rest of it.')
    rig.speak()
    await rig.waitFor('replyDone', 2)
    const messages = rig.messagesOf(rig.openai.chats.length)
    assert.equal(messages.length, 3)
    assert.match(messages[1], /^assistant: We have .* the rest of it\.$/)
    assert.equal(messages[2], 'user: And now?')
  })

  it('takes keys as one entry, whispers only to the model, and says what it is told to say', async () => {
    const rig = await connected()
    rig.engine.whisper('The caller is a regular.')
    rig.engine.say('One moment.')
    await rig.waitFor('replyDone')
    for (const digit of '12#') rig.engine.sendDigit(digit)
    await rig.waitFor('replyDone', 2)
    assert.deepEqual(rig.said, ['One moment.', 'I heard: [DTMF 12#].'])
    assert.deepEqual(rig.messagesOf(1), [
      'system: The caller is a regular.',
      'assistant: One moment.',
      'user: [DTMF 12#]'
    ])
  })

  it('tells tokens, seconds and characters, cached tokens apart', async () => {
    const rig = await connected()
    rig.engine.greet()
    await rig.waitFor('replyDone')
    rig.speak(4500)
    await rig.waitFor('replyDone', 2)
    const records = rig.eventsOf('usage').flat()
    const sum = (unit: string) =>
      records.filter((record) => record.unit === unit).reduce((total, { quantity }) => total + quantity, 0)
    assert.deepEqual([sum('text_input_token'), sum('cached_text_input_token')], [40, 80])
    assert.ok(sum('text_output_token') > 0)
    assert.equal(sum('character'), rig.said.join('').length)
    assert.ok(sum('second') >= 5 && sum('second') < 6)
    const kinds = new Set(records.map(({ provider, kind }) => `${provider} ${kind}`))
    assert.deepEqual(kinds, new Set(['deepgram stt', 'deepgram tts', 'openai llm']))
  })

  it('keeps to the limit of flushes however much is said', async () => {
    const rig = await connected({ deepgram: { speakSpeed: 200, firstAudioMs: 1 } })
    for (let i = 0; i < 19; i++) rig.engine.say(`Number ${i}.`)
    await rig.waitFor('replyDone', 19)
    const flushes = rig.deepgram.speaks[0].received.filter(({ what }) => what === 'Flush')
    assert.equal(flushes.length, 19)
    assert.deepEqual(rig.troubles, [])
  })
})
