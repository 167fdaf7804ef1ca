import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { startCallRig } from '../support/call-rig.ts'
import { until } from '../support/until.ts'

interface Told {
  type: string
  id: string
  occurred_at: string
  payload: Record<string, unknown>
}

const REPLIES = [
  { transcript: 'Hello.', audio: { toneHz: 997, ms: 600 } },
  { transcript: 'A long answer.', audio: { toneHz: 613, ms: 6000 } },
  { transcript: 'Yes?', audio: { toneHz: 613, ms: 400 } }
]

/** Everything that the contract names and this call has. */
const EXPECTED = [
  'call.initiated',
  'call.answered',
  'streaming.started',
  'turn.completed',
  'turn.interrupted',
  'transcript',
  'call.ended',
  'call.hangup'
]
const ONCE = ['call.initiated', 'call.answered', 'streaming.started', 'call.ended', 'call.hangup']

describe('the events of a Telnyx call', { timeout: 300_000 }, () => {
  it('come as they happen, each under its own name, with the parties of the call', async (test) => {
    const rig = await startCallRig({
      realtime: {
        script: ({ index }) => REPLIES[Math.min(index, REPLIES.length - 1)],
        transcribe: (utterance) => `utterance ${utterance}`
      }
    })
    test.after(() => rig.close())
    const socket = new WebSocket(
      `${rig.server.url.replace('http', 'ws')}/call-events?token=${rig.server.operatorToken}`
    )
    const told: Told[] = []
    socket.on('message', (data) => told.push(JSON.parse(String(data))))
    await once(socket, 'open')

    const call = rig.telnyx.placeCall({ from: '+15550001111', to: '+15550002222' })
    await call.waitForHeard(600, 15_000)
    call.sayTone(440, 600)
    await call.waitForHeard(1200, 15_000)
    call.sayTone(440, 600)
    await call.waitFor('clear')
    await call.waitForHeard(call.heardMs + 200, 15_000)
    call.hangUp()
    await until(() => EXPECTED.every((type) => told.some((event) => event.type === type)), 'every event')

    for (const type of ONCE) assert.equal(told.filter((event) => event.type === type).length, 1, type)
    for (const { type, id, occurred_at, payload } of told) {
      assert.ok(id.length > 0, type)
      assert.ok(Math.abs(Date.parse(occurred_at) - Date.now()) < 60_000, type)
      assert.equal(payload.call_control_id, call.callControlId, type)
      assert.deepEqual([payload.from, payload.to], ['+15550001111', '+15550002222'], type)
    }
    const hangup = told.find(({ type }) => type === 'call.hangup')
    const ended = told.find(({ type }) => type === 'call.ended')
    const seconds = Number(hangup?.payload.duration_seconds)
    assert.ok(Math.abs(seconds - Number(ended?.payload.durationMs) / 1000) < 0.5, `${seconds} s`)
  })
})
