import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { Script } from '../../../standins/openai/script.ts'
import { EngineRig } from './engine-rig.ts'

const spoken = (transcript: string) => ({ transcript, audio: { toneHz: 440, ms: 200 } })
const call = (name: string, args = '{}') => ({ name, arguments: args })

/** Calls once, then says what came back. */
const calling =
  (first: ReturnType<Script>): Script =>
  ({ index, toolOutputs }) =>
    index === 0 ? first : spoken(toolOutputs.join(' ') || 'Nothing new.')

describe('a tool call of the realtime engine', () => {
  let rig: EngineRig

  afterEach(async () => {
    const departures = rig.session.invalidSent
    await rig.close()
    assert.deepEqual(departures, [])
  })

  async function askAndListen(script: Script): Promise<void> {
    rig = await EngineRig.connected({ script })
    rig.speak(200)
    rig.beSilent(600)
  }

  const saidText = () =>
    rig
      .eventsOf('agentTranscript')
      .map(({ delta }) => delta)
      .join('')

  it('is told once, and its result spoken', async () => {
    await askAndListen(calling({ functionCalls: [call('clock', '{"zone":"UTC"}')] }))
    const { id, ...rest } = await rig.waitFor('toolCall')
    assert.deepEqual(rest, { name: 'clock', arguments: '{"zone":"UTC"}', spoken: false })
    rig.engine.returnToolResult(id, 'It is noon.', { reply: true })
    rig.engine.returnToolResult(id, 'It is midnight.', { reply: true })
    await rig.waitFor('replyDone')
    assert.equal(saidText(), 'It is noon.')
    assert.equal(rig.eventsOf('toolCall').length, 1)
    assert.equal(rig.session.eventsOf('conversation.item.create').length, 1)
    assert.equal(rig.session.eventsOf('response.create').length, 1)
    assert.deepEqual(rig.troubles, [])
  })

  it('knows when the same response has spoken already', async () => {
    await askAndListen(calling({ ...spoken('Goodbye.'), functionCalls: [call('end_call')] }))
    const { id, spoken: wasSpoken } = await rig.waitFor('toolCall')
    assert.equal(wasSpoken, true)
    const order = rig.happened.map(({ type }) => type)
    assert.ok(order.indexOf('replyDone') < order.indexOf('toolCall'))
    rig.engine.returnToolResult(id, 'ok', { reply: false })
    await rig.session.waitFor('conversation.item.create')
    assert.deepEqual(rig.session.eventsOf('response.create'), [])
  })

  it('of several in one response is answered by one reply, after the last result', async () => {
    await askAndListen(calling({ functionCalls: [call('a'), call('b')] }))
    await rig.waitFor('toolCall', 2)
    const [a, b] = rig.eventsOf('toolCall')
    rig.engine.returnToolResult(b.id, 'Bee', { reply: true })
    await rig.session.waitFor('conversation.item.create')
    assert.deepEqual(rig.session.eventsOf('response.create'), [])
    rig.engine.returnToolResult(a.id, 'Ay', { reply: false })
    await rig.waitFor('replyDone')
    assert.equal(saidText(), 'Bee Ay')
    assert.equal(rig.session.eventsOf('response.create').length, 1)
  })

  it('that returns while the caller speaks is answered by the reply to the caller, and by no second one', async () => {
    await askAndListen(calling({ functionCalls: [call('clock')] }))
    const { id } = await rig.waitFor('toolCall')
    rig.speak(200)
    await rig.waitFor('callerSpeechStarted', 2)
    rig.engine.returnToolResult(id, 'It is noon.', { reply: true })
    await rig.session.waitFor('conversation.item.create')
    assert.deepEqual(rig.session.eventsOf('response.create'), [])
    rig.beSilent(600)
    await rig.waitFor('replyDone')
    rig.engine.say('A marker.')
    await rig.waitFor('replyDone', 2)
    assert.match(saidText(), /^It is noon\./)
    assert.equal(rig.session.eventsOf('response.create').length, 1)
    assert.deepEqual(rig.troubles, [])
  })

  it('is answered all the same where noise came before the first word of the answer', async () => {
    const answer = { ...spoken('It is noon.'), delayMs: 700 }
    const noise = { ...spoken('Pardon?'), delayMs: 0 }
    await askAndListen(({ index, trigger }) => {
      if (index === 0) return { functionCalls: [call('clock')] }
      return trigger === 'client' ? answer : noise
    })
    const { id } = await rig.waitFor('toolCall')
    rig.engine.on('callerTranscript', ({ utteranceId }) => rig.engine.dismiss(utteranceId))
    rig.engine.returnToolResult(id, 'It is noon.', { reply: true })
    await rig.session.until(() => rig.session.responding, 'the answer to begin')
    rig.speak(200)
    await rig.session.until(() => !rig.session.responding, 'the answer to be cut')
    rig.beSilent(600)
    await rig.session.waitFor('response.create', 2)
    await rig.until(() => saidText().endsWith('It is noon.'), 'the answer')
  })

  it('is answered all the same where it returned while there was noise', async () => {
    await askAndListen(({ index, toolOutputs, trigger }) => {
      if (index === 0) return { functionCalls: [call('clock')] }
      return spoken(trigger === 'client' ? 'It is noon.' : `Pardon? ${toolOutputs}`)
    })
    const { id } = await rig.waitFor('toolCall')
    rig.engine.on('callerTranscript', ({ utteranceId }) => rig.engine.dismiss(utteranceId))
    rig.speak(200)
    await rig.waitFor('callerSpeechStarted', 2)
    rig.engine.returnToolResult(id, 'noon', { reply: true })
    await rig.session.waitFor('conversation.item.create')
    rig.beSilent(600)
    await rig.session.waitFor('response.create')
    await rig.until(() => saidText().endsWith('It is noon.'), 'the answer')
  })

  it('that a cancelled response broke off is none', async () => {
    rig = await EngineRig.connected()
    const item = { type: 'function_call' as const, name: 'clock', arguments: '{"zo' }
    const output = [
      { ...item, call_id: 'broken', status: 'incomplete' as const },
      { ...item, call_id: 'whole', arguments: '{}', status: 'completed' as const }
    ]
    rig.session.send({ type: 'response.done', response: { id: 'r', status: 'cancelled', output } })
    assert.equal((await rig.waitFor('toolCall')).id, 'whole')
    assert.equal(rig.eventsOf('toolCall').length, 1)
  })

  it('that returns while another reply is generated waits for its end', async () => {
    await askAndListen(({ index, toolOutputs, instructions }) => {
      if (index === 0) return { functionCalls: [call('clock')] }
      return spoken(instructions ? 'One moment.' : toolOutputs.join())
    })
    const { id } = await rig.waitFor('toolCall')
    rig.engine.say('One moment.')
    await rig.waitFor('audio')
    rig.engine.returnToolResult(id, ' It is noon.', { reply: true })
    await rig.waitFor('replyDone', 2)
    assert.equal(saidText(), 'One moment. It is noon.')
    assert.deepEqual(rig.troubles, [])
  })
})
