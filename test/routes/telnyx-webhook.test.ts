import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createSigningKeys } from '../standins/telnyx/webhook-sender.ts'
import { type RouteRig, type RouteRigOptions, startRouteRig } from '../support/route-rig.ts'
import { turns, until } from '../support/until.ts'

const RING = {
  call_control_id: 'v3:one',
  direction: 'incoming',
  from: '+13125550100',
  to: '+13125550199'
}

describe('Telnyx webhook', { timeout: 60_000 }, () => {
  let rig: RouteRig

  async function start(options: RouteRigOptions = {}): Promise<RouteRig> {
    rig = await startRouteRig(options)
    return rig
  }

  afterEach(() => rig.close())

  it('answers at once and has the call answered', async () => {
    const { app, webhook, carrier, published } = await start()
    const response = await app.inject(webhook('call.initiated', RING))
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), { received: true })
    await until(() => carrier.commands.length === 1, 'the answer')
    assert.deepEqual(carrier.commands, ['answer v3:one'])
    const { call } = published[0]
    assert.deepEqual([call.from, call.to, call.direction], ['+13125550100', '+13125550199', 'inbound'])
  })

  it('takes the other address for the same', async () => {
    const { app, webhook, carrier } = await start()
    const response = await app.inject({ ...webhook('call.initiated', RING), url: '/telnyx/webhook' })
    assert.equal(response.statusCode, 200)
    await until(() => carrier.commands.length === 1, 'the answer')
  })

  it('answers 403 and does nothing where the signature is wrong, absent, stale or of another body', async () => {
    const { app, webhook, carrier, published, registry } = await start()
    const good = webhook('call.initiated', RING)
    const bare = { 'content-type': 'application/json' }
    const forged = [
      webhook('call.initiated', RING, { signedBy: createSigningKeys() }),
      webhook('call.initiated', RING, { ageSeconds: 310 }),
      webhook('call.initiated', RING, { ageSeconds: -310 }),
      { ...good, headers: bare },
      { ...good, headers: { ...good.headers, 'telnyx-signature-ed25519': 'AAAA' } },
      { ...good, headers: { ...good.headers, 'telnyx-timestamp': 'now' } },
      { ...good, body: good.body.replace('v3:one', 'v3:two') },
      { ...good, body: `${good.body} ` },
      { method: 'POST' as const, url: good.url },
      { ...good, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' }
    ]
    for (const [index, request] of forged.entries()) {
      const response = await app.inject(request)
      assert.equal(response.statusCode, 403, `request ${index}`)
      assert.equal(response.json().error, 'invalid_signature')
    }
    await turns()
    assert.deepEqual([carrier.commands, published, registry.size], [[], [], 0])
  })

  it('takes a timestamp that is off by less than 300 s', async () => {
    const { app, webhook } = await start()
    const response = await app.inject(webhook('call.initiated', RING, { ageSeconds: 290 }))
    assert.equal(response.statusCode, 200)
  })

  it('acts once on an event that comes twice, and answers 200 each time', async () => {
    const { app, webhook, carrier, published } = await start()
    const event = webhook('call.initiated', RING)
    const responses = await Promise.all([app.inject(event), app.inject(event)])
    const again = await app.inject(event)
    assert.deepEqual(
      [...responses, again].map(({ statusCode }) => statusCode),
      [200, 200, 200]
    )
    await turns()
    assert.deepEqual(carrier.commands, ['answer v3:one'])
    assert.equal(published.filter(({ event: { type } }) => type === 'call.initiated').length, 1)
    const started = webhook('streaming.started', RING)
    for (let copy = 0; copy < 3; copy++) assert.equal((await app.inject(started)).statusCode, 200)
    await turns()
    const names = published.flatMap(({ event }) => (event.type === 'carrier.event' ? [event.name] : []))
    assert.deepEqual(names, ['call.initiated', 'streaming.started'])
  })

  it('answers 503 that names the variable where Telnyx is not configured', async () => {
    const { app, webhook } = await start({ telnyx: false })
    const response = await app.inject(webhook('call.initiated', RING))
    assert.equal(response.statusCode, 503)
    assert.equal(response.json().error, 'carrier_not_configured')
    assert.match(response.json().message, /TELNYX_API_KEY/)
  })

  it('answers 400 to what Telnyx signed and is no event', async () => {
    const { app, signed } = await start()
    for (const body of [
      '{',
      '[]',
      '{"data":{"id":"1"}}',
      '{"data":{"event_type":"call.hangup"}}',
      'null',
      ''
    ]) {
      const response = await app.inject(signed(body))
      assert.deepEqual([response.statusCode, response.json().error], [400, 'invalid_event'], body)
    }
  })

  it('takes a call through its life, and publishes every event under its own name', async () => {
    const { app, webhook, carrier, published, endReasonOf, engines } = await start()
    await app.inject(webhook('call.initiated', RING))
    await until(() => carrier.commands.length === 1, 'the answer')
    await app.inject(webhook('call.answered', RING))
    await until(() => carrier.commands.length === 2, 'the stream')
    assert.equal(engines.length, 1)
    await app.inject(webhook('streaming.started', RING))
    await app.inject(webhook('call.hangup', RING))
    const { callId } = published[0].call
    await until(() => endReasonOf(callId) !== null, 'the end')
    assert.equal(endReasonOf(callId), 'caller_hung_up')
    const names = published.flatMap(({ event }) => (event.type === 'carrier.event' ? [event.name] : []))
    assert.deepEqual(names, ['call.initiated', 'call.answered', 'streaming.started', 'call.hangup'])
    assert.deepEqual(carrier.commands, ['answer v3:one', 'startStream v3:one'])
  })

  it('publishes the hangup of a call that is over for us already, with how long it lasted', async () => {
    const { app, webhook, carrier, published, registry } = await start()
    await app.inject(webhook('call.initiated', RING))
    await until(() => carrier.commands.length === 1, 'the answer')
    await app.inject(webhook('call.answered', RING))
    await until(() => carrier.commands.length === 2, 'the stream')
    await registry.find('v3:one')?.session?.end('caller_hung_up')
    assert.equal(registry.find('v3:one'), null)
    await app.inject(webhook('call.hangup', RING))
    const hangup = await until(
      () => published.find(({ event }) => event.type === 'carrier.event' && event.name === 'call.hangup'),
      'the hangup'
    )
    assert.equal(hangup.call.callId, published[0].call.callId)
    const { payload } = hangup.event as { payload: Record<string, unknown> }
    const seconds = payload.duration_seconds as number
    assert.ok(seconds >= 0 && seconds < 5, `${seconds} s`)
    assert.equal(payload.call_control_id, 'v3:one')
  })

  it('tells of a hangup that nobody answered that it lasted 0 s, and leaves a duration of Telnyx alone', async () => {
    const { app, webhook, carrier, published } = await start()
    await app.inject(webhook('call.initiated', RING))
    await until(() => carrier.commands.length === 1, 'the answer')
    await app.inject(webhook('call.hangup', RING))
    await app.inject(webhook('call.hangup', { ...RING, duration_seconds: 7 }))
    const durations = () =>
      published.flatMap(({ event }) =>
        event.type === 'carrier.event' && event.name === 'call.hangup' ? [event.payload.duration_seconds] : []
      )
    await until(() => durations().length === 2, 'both hangups')
    assert.deepEqual(durations(), [0, 7])
  })

  it('ends a call whose stream Telnyx could not open', async () => {
    const { app, webhook, carrier, published, endReasonOf } = await start()
    await app.inject(webhook('call.initiated', RING))
    await app.inject(webhook('call.answered', RING))
    await until(() => carrier.commands.length === 2, 'the stream')
    await app.inject(webhook('streaming.failed', RING))
    await until(() => endReasonOf(published[0].call.callId) === 'carrier_failed', 'the end')
    await until(() => carrier.commands.includes('hangUp v3:one'), 'the hang-up')
  })

  it('declines a call as busy where there is no room, and while draining', async () => {
    const { app, webhook, carrier, published, registry } = await start({ maxConcurrentCalls: 1 })
    await app.inject(webhook('call.initiated', RING))
    await app.inject(webhook('call.initiated', { ...RING, call_control_id: 'v3:two' }))
    await until(() => carrier.commands.length === 2, 'both answers')
    assert.deepEqual(carrier.commands, ['answer v3:one', 'refuse v3:two'])
    await app.inject(webhook('call.hangup', RING))
    await until(() => registry.size === 0, 'room')
    void registry.drain(0)
    await app.inject(webhook('call.initiated', { ...RING, call_control_id: 'v3:three' }))
    await until(() => carrier.commands.length === 3, 'the refusal')
    assert.equal(carrier.commands[2], 'refuse v3:three')
    const reasons = published.flatMap(({ event }) => (event.type === 'call.ended' ? [event.reason] : []))
    assert.deepEqual(reasons, ['rejected_capacity', 'caller_hung_up', 'draining'])
  })

  it('ignores what is not for a call that it knows, and calls that it did not take in', async () => {
    const { app, webhook, carrier, published } = await start()
    for (const type of [
      'call.answered',
      'call.hangup',
      'streaming.failed',
      'call.dtmf.received',
      'new.event'
    ])
      assert.equal((await app.inject(webhook(type, RING))).statusCode, 200)
    await app.inject(webhook('call.initiated', { ...RING, direction: 'outgoing' }))
    await app.inject(webhook('call.initiated', { direction: 'incoming' }))
    await turns()
    assert.deepEqual([carrier.commands, published], [[], []])
  })
})
