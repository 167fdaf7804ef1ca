import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { RealtimeStandInOptions } from '../../../standins/openai/realtime-stand-in.ts'
import { EngineRig } from './engine-rig.ts'

const story = { transcript: 'Once upon a time.', audio: { toneHz: 440, ms: 8000 } }
const short = { transcript: 'Hello.', audio: { toneHz: 440, ms: 600 } }

describe('a barge-in at the realtime engine', () => {
  let rig: EngineRig

  async function connect(options: RealtimeStandInOptions): Promise<void> {
    rig = await EngineRig.connected({ deltaMs: [100, 250], ...options })
  }

  /** The caller speaks up; what was heard is `share` of what came. */
  async function bargeIn(share: number): Promise<{ replyId: string; heardMs: number; receivedMs: number }> {
    const { replyId } = rig.eventsOf('audio').at(-1)!
    const heard = { replyId, heardMs: 0, receivedMs: 0 }
    rig.interruptWith(() => {
      heard.receivedMs = rig.receivedMs(replyId)
      heard.heardMs = heard.receivedMs * share
      return [heard]
    })
    rig.speak(100)
    await rig.waitFor('callerSpeechStarted')
    return heard
  }

  /** What cut in was over at once; the service has no answer to it. */
  async function fallSilent(): Promise<void> {
    const { utteranceId } = rig.eventsOf('callerSpeechStarted').at(-1)!
    const stops = rig.eventsOf('callerSpeechStopped').length
    rig.session.send({ type: 'input_audio_buffer.speech_stopped', item_id: utteranceId, audio_end_ms: 0 })
    await rig.waitFor('callerSpeechStopped', stops + 1)
  }

  afterEach(async () => {
    const departures = rig.standIn.sessions.flatMap(({ invalidSent }) => invalidSent)
    await rig.close()
    assert.deepEqual(departures, [])
  })

  it('while the reply is being generated: cancels it, truncates to what was heard, drops what still comes', async () => {
    await connect({ script: () => story, lateDeltas: 5 })
    rig.engine.greet()
    await rig.waitFor('audio', 3)
    const { replyId, heardMs, receivedMs } = await bargeIn(0.4)
    const truncate = await rig.session.waitFor('conversation.item.truncate')
    assert.deepEqual(
      [truncate.item_id, truncate.content_index, truncate.audio_end_ms],
      [replyId, 0, Math.floor(heardMs)]
    )
    await rig.waitFor('replyDone')
    await rig.session.until(
      () => rig.session.conversation.audioMs(replyId) === Math.floor(heardMs),
      'the cut'
    )
    assert.equal(rig.receivedMs(replyId), receivedMs, 'late deltas were dropped')
    const generated = rig.session.sent.filter(({ type }) => type === 'response.output_audio.delta').length
    assert.ok(generated >= rig.eventsOf('audio').length + 5, 'there were late deltas to drop')
    const [cancel] = rig.session.eventsOf('response.cancel')
    assert.ok(cancel.response_id)
    assert.equal(
      rig.session.sent.find(({ type }) => type === 'error'),
      undefined
    )
    rig.engine.say('Go on.', { atOnce: true })
    await rig.waitFor('audio', rig.eventsOf('audio').length + 1)
    assert.deepEqual(rig.troubles, [])
  })

  it('after the reply was generated, while it is still being heard: truncates and cancels nothing', async () => {
    await connect({ script: () => short })
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    await bargeIn(0.5)
    assert.equal((await rig.session.waitFor('conversation.item.truncate')).audio_end_ms, 300)
    await rig.session.until(() => rig.session.conversation.audioMs(replyId) === 300, 'the truncation')
    assert.deepEqual(rig.session.eventsOf('response.cancel'), [])
    assert.deepEqual(rig.troubles, [])
  })

  it('never claims that more was heard than was received', async () => {
    await connect({ script: () => short })
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    rig.engine.interrupt([{ replyId, heardMs: 5000.7, receivedMs: 5000.7 }])
    assert.equal((await rig.session.waitFor('conversation.item.truncate')).audio_end_ms, 600)
    assert.deepEqual(rig.troubles, [])
  })

  it('deletes a reply of which nothing was heard, and truncates the one before it', async () => {
    await connect({ script: () => short })
    rig.engine.greet()
    rig.engine.say('And another thing.')
    await rig.waitFor('replyDone', 2)
    const [first, second] = rig.eventsOf('replyDone').map(({ replyId }) => replyId)
    rig.engine.interrupt([
      { replyId: first, heardMs: 99.9, receivedMs: 600 },
      { replyId: second, heardMs: 0.9, receivedMs: 600 }
    ])
    const gone = () => rig.session.conversation.audioMs(second) === undefined
    await rig.session.until(gone, 'the second reply to be deleted')
    assert.equal(rig.session.conversation.audioMs(first), 99)
    assert.equal(rig.session.eventsOf('conversation.item.truncate').length, 1)
    assert.deepEqual(rig.troubles, [])
  })

  it('cancels by itself where the service does not', async () => {
    await connect({ script: () => story })
    const off = { type: 'server_vad' as const, interrupt_response: false }
    Object.assign(rig.session.config.audio?.input ?? {}, { turn_detection: off })
    rig.engine.greet()
    await rig.waitFor('audio', 2)
    await bargeIn(1)
    await rig.waitFor('replyDone')
    const done = rig.session.sent.filter((event) => event.type === 'response.done').at(-1)
    assert.equal(done?.response.status_details?.reason, 'client_cancelled')
    assert.deepEqual(rig.troubles, [])
  })

  it('before the first audio of a reply: nothing of it is heard or remembered', async () => {
    await connect({
      script: ({ index }) => (index === 0 ? { ...story, delayMs: 300 } : short),
      lateDeltas: 2
    })
    rig.speak(200)
    rig.beSilent(600)
    await rig.session.until(() => rig.session.responding, 'the reply to begin')
    rig.speak(300)
    rig.beSilent(600)
    const { replyId } = await rig.waitFor('replyDone')
    assert.equal(rig.receivedMs(replyId), 600)
    assert.ok(rig.eventsOf('audio').every((audio) => audio.replyId === replyId))
    assert.deepEqual(rig.eventsOf('callerSpeechStarted').length, 2)
  })

  it('drops a first delta that was on its way when the caller spoke, and makes the model forget it', async () => {
    await connect({ script: () => short })
    const { session } = rig
    const response_id = 'r'
    const item_id = 'i'
    const at = { response_id, item_id, output_index: 0, content_index: 0 }
    const item = { id: item_id, type: 'message' as const, role: 'assistant' as const, content: [] }
    const delta = Buffer.alloc(800).toString('base64')
    session.send({ type: 'response.created', response: { id: response_id } })
    session.send({ type: 'input_audio_buffer.speech_started', item_id: 'u', audio_start_ms: 0 })
    session.send({ type: 'response.output_audio.delta', ...at, delta })
    session.send({
      type: 'response.done',
      response: { id: response_id, status: 'cancelled', output: [item] }
    })
    assert.equal((await session.waitFor('conversation.item.delete')).item_id, item_id)
    assert.deepEqual(rig.eventsOf('audio'), [])
  })

  it('says the greeting again where the caller’s hello came before it', async () => {
    await connect({ script: ({ instructions }) => (instructions ? { ...short, delayMs: 100 } : short) })
    rig.engine.greet()
    await rig.session.until(() => rig.session.responding, 'the greeting to begin')
    rig.speak(200)
    await rig.session.until(() => !rig.session.responding, 'its end')
    rig.beSilent(600)
    await rig.waitFor('replyDone')
    const greetings = rig.session.eventsOf('response.create').map(({ response }) => response?.instructions)
    assert.equal(greetings.length, 2)
    assert.equal(greetings[0], greetings[1])
    const events = rig.session.sent.map(({ type }) => type)
    const [, answer, again] = rig.session.sent.flatMap((event, at) =>
      event.type === 'response.created' ? [{ id: event.response.id, at }] : []
    )
    assert.ok(again.at > events.indexOf('input_audio_buffer.speech_stopped'), 'not into the hello')
    const cancelled = rig.session.eventsOf('response.cancel').map(({ response_id }) => response_id)
    assert.ok(cancelled.includes(answer.id), 'in place of the answer to the hello')
    assert.equal(rig.eventsOf('replyDone').length, 1)
  })

  it('answers the caller after what it was to say, where they spoke before a sound of that was heard', async () => {
    await connect({ script: ({ instructions }) => (instructions ? { ...short, delayMs: 100 } : short) })
    rig.engine.say('One moment, please.')
    await rig.session.until(() => rig.session.responding, 'the sentence to begin')
    rig.speak(200)
    rig.beSilent(600)
    await rig.waitFor('replyDone', 2)
    const asked = rig.session
      .eventsOf('response.create')
      .map(({ response }) => Boolean(response?.instructions))
    assert.deepEqual(asked, [true, true, false])
  })

  it('has the rest said of a reply whose making ended as it was cut', async () => {
    await connect({ script: () => short })
    const { session } = rig
    const at = { response_id: 'r', item_id: 'i', output_index: 0, content_index: 0 }
    const delta = Buffer.alloc(800).toString('base64')
    session.send({ type: 'response.created', response: { id: 'r' } })
    session.send({ type: 'response.output_audio.delta', ...at, delta })
    await rig.waitFor('audio')
    rig.engine.interrupt([{ replyId: 'i', heardMs: 40, receivedMs: 100 }])
    session.send({ type: 'response.output_audio.delta', ...at, delta })
    session.send({ type: 'response.done', response: { id: 'r', status: 'completed', output: [] } })
    await session.waitFor('response.cancel')
    rig.engine.say('Hm.')
    await rig.waitFor('replyDone')
    rig.engine.remember('', true)
    const [, rest] = [await session.waitFor('response.create'), await session.waitFor('response.create', 2)]
    assert.match(String(rest.response?.instructions), /Go on from exactly where you stopped/)
    assert.deepEqual(session.eventsOf('conversation.item.create'), [], 'there were no words to remember')
  })

  it('has the rest said of a reply that noise cut a second time, while it was played again', async () => {
    await connect({ script: ({ index }) => (index === 0 ? story : short) })
    rig.engine.greet()
    await rig.waitFor('audio', 3)
    await bargeIn(0.4)
    await rig.waitFor('replyDone')
    // What is played again is the session's own: the engine is told of no reply of its making.
    rig.engine.interrupt([])
    await fallSilent()
    rig.engine.remember('a time.', true)
    await rig.waitFor('replyDone', 2)
    assert.equal(rig.session.eventsOf('response.create').length, 2)
  })

  it('answers words that came after the utterance had been taken for nothing', async () => {
    await connect({ script: () => short, transcribe: () => '' })
    rig.speak(300)
    rig.beSilent(600)
    const { utteranceId } = await rig.waitFor('callerTranscript')
    rig.engine.dismiss(utteranceId)
    await rig.session.waitFor('conversation.item.delete')
    rig.engine.answer(utteranceId, 'Do you deliver?')
    const { item } = await rig.session.waitFor('conversation.item.create')
    assert.deepEqual(item, {
      ...item,
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'Do you deliver?' }]
    })
    await rig.session.waitFor('response.create')
    rig.engine.answer(utteranceId, 'Do you deliver?')
    rig.engine.whisper('They are new.')
    await rig.session.waitFor('conversation.item.create', 2)
    assert.equal(rig.session.eventsOf('response.create').length, 1, 'asked once')
  })

  it('leaves the answer alone to the words that interrupt the reply before it', async () => {
    await connect({ script: ({ trigger }) => (trigger === 'caller' ? { ...story, delayMs: 0 } : short) })
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    rig.speak(300)
    rig.beSilent(600)
    const { utteranceId } = await rig.waitFor('callerTranscript')
    const answered = () => rig.eventsOf('audio').some((audio) => audio.replyId !== replyId)
    await rig.until(answered, 'the answer')
    rig.engine.interrupt([{ replyId, heardMs: 300, receivedMs: 600 }], utteranceId)
    await rig.session.waitFor('conversation.item.truncate')
    assert.deepEqual(rig.session.eventsOf('response.cancel'), [])
    rig.engine.interrupt([])
    await rig.session.waitFor('response.cancel')
  })

  it('makes the model forget an answer that was kept from the caller, and what it answers', async () => {
    for (const answer of [short, story]) {
      await connect({ script: () => answer, transcribe: () => '' })
      rig.speak(300)
      rig.beSilent(600)
      const { utteranceId } = await rig.waitFor('callerTranscript')
      const { replyId } = await rig.waitFor('audio')
      rig.engine.dismiss(utteranceId, [replyId])
      const forgotten = () => rig.session.conversation.itemIds.length === 0
      await rig.session.until(forgotten, 'an empty conversation')
      assert.deepEqual(rig.troubles, [])
      if (answer === short) await rig.close()
    }
  })

  it('has the model say the rest of a reply that was cut for nothing while it was being made', async () => {
    await connect({ script: ({ index }) => (index === 0 ? story : short) })
    rig.engine.greet()
    await rig.waitFor('audio', 3)
    const { replyId, receivedMs } = await bargeIn(0.4)
    await rig.waitFor('replyDone')
    await fallSilent()
    rig.engine.remember('a time', false)
    rig.engine.remember('a time.', true)
    rig.engine.remember('a time.', true)
    await rig.waitFor('replyDone', 2)
    const [, rest, another] = rig.session.eventsOf('response.create')
    assert.match(String(rest.response?.instructions), /^Be brief\.\n\n.*Go on from exactly where you stopped/)
    assert.equal(another, undefined)
    assert.ok(rig.receivedMs(replyId) === receivedMs && receivedMs < 8000)
    assert.deepEqual(rig.troubles, [])
  })

  it('has nothing more said of a reply that was cut for nothing when it had been made', async () => {
    await connect({ script: () => short })
    rig.engine.greet()
    await rig.waitFor('replyDone')
    await bargeIn(0.5)
    rig.engine.remember('Hello.', true)
    await rig.session.waitFor('conversation.item.create')
    assert.equal(rig.session.eventsOf('response.create').length, 1)
  })

  it('survives, and tells of, a cancellation that came after the end of its response', async () => {
    await connect({ script: () => short })
    const { session } = rig
    session.sendError({
      code: 'response_cancel_not_active',
      message: 'Cancellation failed: no active response found'
    })
    assert.deepEqual(await rig.waitFor('trouble'), { code: 'response_cancel_not_active' })
    rig.engine.say('Still here.')
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.eventsOf('failed'), [])
  })

  it('survives a truncation that the service refuses', async () => {
    await connect({ script: () => short })
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    rig.session.conversation.truncate(replyId, 0, 10)
    rig.engine.interrupt([{ replyId, heardMs: 300, receivedMs: 600 }])
    assert.deepEqual(await rig.waitFor('trouble'), { code: 'invalid_value' })
    rig.engine.say('Still here.')
    await rig.waitFor('replyDone', 2)
    assert.deepEqual(rig.eventsOf('failed'), [])
  })
})
