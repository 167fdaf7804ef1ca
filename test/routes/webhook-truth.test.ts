import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { turns, until } from '../support/until.ts'

const RING = { call_control_id: 'v3:one', direction: 'incoming', from: '+13125550100', to: '+13125550199' }

/** Telnyx promises neither order nor single delivery: a call moves forward, whatever comes when. */
describe('the truth about a Telnyx call, from webhooks that come as they like', { timeout: 60_000 }, () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  const tell = (type: string, payload: Record<string, unknown> = RING) =>
    rig.app.inject(rig.webhook(type, payload))
  const names = () =>
    rig.published.map(({ event }) => (event.type === 'carrier.event' ? event.name : event.type))
  const ends = () =>
    rig.published.flatMap(({ event }) =>
      event.type === 'call.ended' ? [[event.reason, event.durationMs]] : []
    )

  async function answered(): Promise<void> {
    await tell('call.initiated')
    await until(() => rig.carrier.commands.length === 1, 'the answer')
    await tell('call.answered')
    await until(() => rig.carrier.commands.length === 2, 'the stream')
  }

  it('a hangup before the answer ends the call unanswered, and the answer that follows opens nothing', async () => {
    await tell('call.initiated')
    await until(() => rig.carrier.commands.length === 1, 'the answer')
    await tell('call.hangup')
    await tell('call.answered')
    await tell('streaming.started')
    await turns()
    assert.deepEqual(ends(), [['caller_hung_up', 0]])
    assert.deepEqual([rig.engines.length, rig.registry.size], [0, 0])
    assert.deepEqual(rig.carrier.commands, ['answer v3:one'])
    assert.deepEqual(names(), [
      'call.initiated',
      'call.initiated',
      'call.hangup',
      'call.ended',
      'call.answered',
      'streaming.started'
    ])
  })

  it('a hangup before even the ring leaves the call unanswered, and on the record', async () => {
    await tell('call.hangup')
    await tell('call.initiated')
    await until(() => ends().length === 1, 'the end')
    await turns()
    assert.deepEqual(ends(), [['caller_hung_up', 0]])
    assert.deepEqual([rig.carrier.commands, rig.engines.length, rig.registry.size], [[], 0, 0])
    assert.deepEqual(names(), ['call.initiated', 'call.initiated', 'call.hangup', 'call.ended'])
  })

  it('a stopped stream that is told of before its start changes nothing of the call', async () => {
    await answered()
    await tell('streaming.stopped')
    await tell('streaming.started')
    await turns()
    assert.deepEqual(ends(), [])
    assert.equal(rig.registry.find('v3:one')?.session?.phase, 'connecting')
    assert.deepEqual(names().slice(-2), ['streaming.stopped', 'streaming.started'])
  })

  it('a ring, an answer and a hangup that come again, each with an id of its own, change nothing', async () => {
    await answered()
    await tell('call.initiated')
    await tell('call.answered')
    await turns()
    assert.deepEqual(rig.carrier.commands, ['answer v3:one', 'startStream v3:one'])
    assert.equal(rig.engines.length, 1)
    await tell('call.hangup')
    await until(() => ends().length === 1, 'the end')
    await tell('call.hangup')
    await tell('call.answered')
    await tell('streaming.failed')
    await turns()
    assert.equal(ends().length, 1)
    assert.deepEqual([rig.engines.length, rig.registry.size], [1, 0])
  })

  it('an answer that comes after a restart, for a call that nobody here knows, opens nothing', async () => {
    for (const type of ['call.answered', 'streaming.started', 'call.dtmf.received', 'call.hangup']) {
      assert.equal((await tell(type)).statusCode, 200)
    }
    await turns()
    assert.deepEqual([rig.published, rig.engines.length, rig.carrier.commands], [[], 0, []])
  })

  it('what was told late is told with the time at which it happened', async () => {
    await answered()
    const occurredAt = new Date(Date.now() - 90_000).toISOString()
    const event = {
      record_type: 'event',
      event_type: 'call.dtmf.received',
      id: 'late-1',
      occurred_at: occurredAt,
      payload: { ...RING, digit: '1' }
    }
    await rig.app.inject(rig.signed(JSON.stringify({ data: event })))
    const { event: told } = await until(
      () => rig.published.find(({ event }) => event.type === 'carrier.event' && event.eventId === 'late-1'),
      'the event'
    )
    assert.equal(told.type === 'carrier.event' && new Date(told.occurredAt).toISOString(), occurredAt)
  })
})
