import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { WebSocket } from 'ws'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { testCall } from '../support/session-rig.ts'
import { until } from '../support/until.ts'

describe('call events', { timeout: 60_000 }, () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  async function listen(): Promise<{ socket: WebSocket; heard: Record<string, unknown>[] }> {
    const socket = rig.connect(`/call-events?token=${OPERATOR_TOKEN}`)
    const heard: Record<string, unknown>[] = []
    socket.on('message', (data) => heard.push(JSON.parse(String(data))))
    await once(socket, 'open')
    return { socket, heard }
  }

  it('takes the operator token in the address or the header, and nothing else', async () => {
    assert.equal(await rig.upgradeStatus(`/call-events?token=${OPERATOR_TOKEN}`), 101)
    assert.equal(await rig.upgradeStatus('/call-events', { authorization: `Bearer ${OPERATOR_TOKEN}` }), 101)
    assert.equal(await rig.upgradeStatus('/call-events'), 401)
    assert.equal(await rig.upgradeStatus('/call-events?token=wrong'), 401)
    const { call } = rig.openCall()
    assert.equal(await rig.upgradeStatus(`/call-events?token=${rig.tokens.mint(call.callId)}`), 401)
  })

  it('answers 429 to who guessed too often, whatever comes next', async () => {
    for (let attempt = 0; attempt < 20; attempt++)
      assert.equal(await rig.upgradeStatus('/call-events?token=wrong'), 401)
    assert.equal(await rig.upgradeStatus(`/call-events?token=${OPERATOR_TOKEN}`), 429)
  })

  it('tells every listener what happens to every call, with the parties of the call', async () => {
    const listeners = await Promise.all([listen(), listen()])
    rig.events.publish(testCall, { type: 'dtmf', digit: '5' })
    for (const { heard } of listeners) {
      await until(() => heard.length === 1, 'the event')
      const { type, id, occurred_at, payload } = heard[0]
      assert.equal(type, 'dtmf')
      assert.equal(typeof id, 'string')
      assert.equal(occurred_at, new Date(rig.clock.now()).toISOString())
      assert.deepEqual(payload, {
        digit: '5',
        call_id: testCall.callId,
        call_control_id: testCall.carrierCallId,
        to: testCall.to,
        from: testCall.from
      })
    }
  })

  it('gives a carrier event its own name, id, time and fields', async () => {
    const { heard } = await listen()
    rig.events.publish(testCall, {
      type: 'carrier.event',
      name: 'call.hangup',
      eventId: 'event-1',
      occurredAt: Date.UTC(2026, 0, 2),
      payload: { duration_seconds: 12 }
    })
    await until(() => heard.length === 1, 'the event')
    assert.deepEqual(
      [heard[0].type, heard[0].id, heard[0].occurred_at],
      ['call.hangup', 'event-1', '2026-01-02T00:00:00.000Z']
    )
    assert.equal((heard[0].payload as { duration_seconds: number }).duration_seconds, 12)
  })

  it('keeps to itself what only the inside needs', async () => {
    const { heard } = await listen()
    rig.events.publish(testCall, { type: 'usage', records: [] })
    rig.events.publish(testCall, { type: 'call.heartbeat' })
    rig.events.publish(testCall, { type: 'dtmf', digit: '1' })
    await until(() => heard.length > 0, 'an event')
    assert.deepEqual(
      heard.map(({ type }) => type),
      ['dtmf']
    )
  })

  it('tells of the ring and the answer once: what the carrier tells itself is not told by us', async () => {
    const { heard } = await listen()
    for (const type of ['call.initiated', 'call.answered'] as const) {
      rig.events.publish({ ...testCall, carrier: 'telnyx' }, { type })
      rig.events.publish(testCall, { type })
    }
    rig.events.publish(testCall, { type: 'dtmf', digit: '1' })
    await until(() => heard.some(({ type }) => type === 'dtmf'), 'the last event')
    assert.deepEqual(
      heard.map(({ type }) => type),
      ['call.initiated', 'call.answered', 'dtmf']
    )
  })

  it('forgets a listener that has gone', async () => {
    const before = rig.subscribers.size
    const { socket } = await listen()
    await until(() => rig.subscribers.size === before + 1, 'the listener')
    socket.close()
    await until(() => rig.subscribers.size === before, 'the end of the listener')
  })

  it('cuts off a listener that takes nothing, keeps no more for it, and loses no other', async () => {
    const before = rig.subscribers.size
    const stalled = await listen()
    const other = await listen()
    await until(() => rig.subscribers.size === before + 2, 'the listeners')
    stalled.socket.pause()
    const text = 'x'.repeat(60_000)
    for (let index = 0; rig.subscribers.size === before + 2 && index < 1000; index++) {
      rig.events.publish(testCall, { type: 'transcript', turnIndex: 0, speaker: 'agent', text, final: true })
      await until(() => other.heard.length === index + 1, 'the other listener')
    }
    assert.equal(rig.subscribers.size, before + 1)
    const closed = once(stalled.socket, 'close')
    stalled.socket.resume()
    assert.equal((await closed)[0], 1008)
  })
})
