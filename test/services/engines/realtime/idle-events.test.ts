import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { idleEvent } from '../../../../services/engines/realtime/idle-events.ts'
import { EngineRig } from './engine-rig.ts'

/** Somewhere within other data, as messages lie in what was read. */
function idle(text: string): ReturnType<typeof idleEvent> {
  const data = Buffer.from(`}]${text}{"type":"rate_limits.updated"}`)
  return idleEvent(data, 2, 2 + Buffer.byteLength(text))
}

describe('idleEvent', () => {
  it('knows an event that nobody waits for by its type, among the plain strings that it begins with', () => {
    for (const [text, kind] of [
      ['{"type":"response.output_audio.done","event_id":"event_1","output_index":0}', 'of_response'],
      ['{"event_id":"event_1","type":"rate_limits.updated","rate_limits":[{"name":"tokens"}]}', 'other'],
      ['{"type":"response.content_part.added"}', 'of_response']
    ])
      assert.equal(idle(text), kind, text)
  })

  it('leaves every other message to be read', () => {
    for (const text of [
      '{"type":"response.done","response":{"type":"rate_limits.updated"}}',
      '{"type":"rate_limits.updated.again"}',
      '{"item":{"type":"rate_limits.updated"},"type":"response.output_item.done"}',
      '{"event_id":"\\u0065","type":"rate_limits.updated"}',
      '{ "type":"rate_limits.updated"}',
      '{"type":"rate_limits.upd',
      '{"type"',
      '["type","rate_limits.updated"]',
      '{}',
      ''
    ])
      assert.equal(idle(text), null, text)
  })

  it('passes over nothing that the engine acts upon when it gets to see it', async () => {
    const rig = await EngineRig.connected({}, { dial: (...args) => new OpenAIRealtimeWS(...args) })
    rig.engine.greet()
    await rig.waitFor('replyDone')
    rig.speak(600)
    rig.beSilent(1500)
    await rig.waitFor('replyDone', 2)
    await rig.waitFor('callerTranscript')
    const { sent, events } = rig.session
    await rig.session.until(() => sent.filter(({ type }) => type === 'response.done').length === 2, 'the end')
    const passed = sent.filter((event) => idle(JSON.stringify(event)) !== null)
    const [happened, asked] = [rig.happened.length, events.length]
    for (const event of passed) rig.session.send(event)
    rig.session.send({ type: 'input_audio_buffer.speech_started', item_id: 'last', audio_start_ms: 0 })
    await rig.waitFor('callerSpeechStarted', 2)
    assert.ok(new Set(passed.map(({ type }) => type)).size >= 5)
    assert.deepEqual([rig.happened.length, events.length], [happened + 1, asked])
    await rig.close()
  })
})
