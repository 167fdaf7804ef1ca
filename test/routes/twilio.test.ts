import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pino } from 'pino'
import { signatureOf } from '../standins/twilio/signed-webhooks.ts'
import { parseTwiml } from '../standins/twilio/twiml.ts'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig, TWILIO } from '../support/route-rig.ts'
import { until } from '../support/until.ts'

const ORIGIN = 'https://example.com'
const CALL = {
  AccountSid: TWILIO.accountSid,
  CallSid: 'CA5ad66c0d',
  From: '+13125550111',
  To: '+13125550122',
  Direction: 'inbound',
  CallStatus: 'ringing',
  CallerName: "O'Brien & Söhne + 1%"
}

function webhook(path: string, params: Record<string, string>, signature?: string) {
  return {
    method: 'POST' as const,
    url: path,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature ?? signatureOf(TWILIO.authToken, `${ORIGIN}${path}`, params)
    },
    body: new URLSearchParams(params).toString()
  }
}

describe("Twilio's webhooks", { timeout: 60_000 }, () => {
  let rig: RouteRig
  let log: Record<string, unknown>[]

  beforeEach(async () => {
    log = []
    rig = await startRouteRig({
      log: pino({ base: null, messageKey: 'message' }, { write: (line) => log.push(JSON.parse(line)) }),
      maxConcurrentCalls: 1
    })
  })

  afterEach(() => rig.close())

  const voice = (params: Record<string, string> = CALL) =>
    rig.app.inject(webhook('/api/calls/twilio/voice', params))
  const status = (CallStatus: string, more: Record<string, string> = {}) =>
    rig.app.inject(webhook('/api/calls/twilio/status', { ...CALL, CallStatus, ...more }))
  const namesOf = (callId: string) =>
    rig.published
      .filter(({ call }) => call.callId === callId)
      .map(({ event }) => (event.type === 'carrier.event' ? event.name : event.type))

  it('are answered with the stream of the call, which counts as answered from then on', async () => {
    const response = await voice()
    assert.equal(response.statusCode, 200)
    assert.match(String(response.headers['content-type']), /^text\/xml/)
    const held = rig.registry.find(CALL.CallSid)
    assert.ok(held?.session)
    const twiml = parseTwiml(response.body)
    assert.ok(twiml.verb === 'connect')
    assert.equal(twiml.url, `wss://example.com/ws/twilio/${held.call.callId}`)
    assert.equal(await rig.tokens.redeem(twiml.parameters.token, CALL.CallSid), null)
    assert.deepEqual(held.call, {
      callId: held.call.callId,
      carrier: 'twilio',
      carrierCallId: CALL.CallSid,
      direction: 'inbound',
      from: CALL.From,
      to: CALL.To,
      agentId: held.profile.id
    })
    assert.deepEqual(namesOf(held.call.callId), [
      'call.initiated',
      'call.ringing',
      'call.answered',
      'stream.requested'
    ])
    assert.equal(rig.engines.length, 1)
  })

  it('get the same call again where Twilio asks twice, with a token of its own', async () => {
    const [first, second] = await Promise.all([voice(), voice()])
    const streams = [first, second].map(({ body }) => parseTwiml(body))
    assert.ok(streams[0].verb === 'connect' && streams[1].verb === 'connect')
    assert.equal(streams[0].url, streams[1].url)
    assert.notEqual(streams[0].parameters.token, streams[1].parameters.token)
    assert.deepEqual([rig.registry.size, rig.engines.length], [1, 1])
  })

  it('decline a call as busy where there is no room, and while draining', async () => {
    await voice()
    const second = await voice({ ...CALL, CallSid: 'CA2' })
    assert.deepEqual(parseTwiml(second.body), { verb: 'reject', reason: 'busy' })
    const ended = rig.published.find(
      ({ call, event }) => call.carrierCallId === 'CA2' && event.type === 'call.ended'
    )
    assert.ok(ended?.event.type === 'call.ended' && ended.event.reason === 'rejected_capacity')
    await rig.registry.find(CALL.CallSid)?.session?.end('caller_hung_up')
    await rig.registry.drain(0)
    const third = await voice({ ...CALL, CallSid: 'CA3' })
    assert.deepEqual(parseTwiml(third.body), { verb: 'reject', reason: 'busy' })
  })

  it('are refused with 403 and nothing done unless they are signed for the public address', async () => {
    const forged = [
      webhook('/api/calls/twilio/voice', CALL, 'forged'),
      webhook('/api/calls/twilio/voice', CALL, ''),
      webhook(
        '/api/calls/twilio/voice',
        CALL,
        signatureOf('another', `${ORIGIN}/api/calls/twilio/voice`, CALL)
      ),
      webhook(
        '/api/calls/twilio/voice',
        CALL,
        signatureOf(TWILIO.authToken, 'https://localhost:80/api/calls/twilio/voice', CALL)
      ),
      { ...webhook('/api/calls/twilio/voice', CALL), url: '/api/calls/twilio/voice?x=1' },
      { ...webhook('/api/calls/twilio/voice', CALL), url: '/api/calls/twilio/status' }
    ]
    for (const request of forged) {
      const response = await rig.app.inject(request)
      assert.deepEqual([response.statusCode, response.json().error], [403, 'invalid_signature'])
    }
    assert.deepEqual([rig.registry.size, rig.engines.length, rig.published.length], [0, 0, 0])
    const hashed = log.filter(({ event }) => event === 'webhook.refused').map(({ url }) => url)
    assert.deepEqual(hashed.slice(3), [
      'https://example.com/api/calls/twilio/voice',
      'https://example.com/api/calls/twilio/voice?x=1',
      'https://example.com/api/calls/twilio/status'
    ])
  })

  it('are taken with a query that was configured, and refused without a CallSid', async () => {
    const withQuery = await rig.app.inject(webhook('/api/calls/twilio/voice?tenant=a%20b', CALL))
    assert.equal(parseTwiml(withQuery.body).verb, 'connect')
    const { CallSid: _, ...nameless } = CALL
    const response = await voice(nameless as typeof CALL)
    assert.deepEqual([response.statusCode, response.json().error], [400, 'invalid_event'])
  })

  for (const final of ['completed', 'busy', 'failed', 'no-answer', 'canceled']) {
    it(`end the call at the status ${final}`, async () => {
      await voice()
      const callId = rig.registry.find(CALL.CallSid)?.call.callId ?? ''
      const response = await status(final, {
        CallDuration: '12',
        Timestamp: 'Wed, 12 Aug 2026 08:00:00 +0000'
      })
      assert.equal(response.statusCode, 204)
      assert.equal(rig.endReasonOf(callId), 'caller_hung_up')
      const told = rig.published.find(
        ({ event }) => event.type === 'carrier.event' && event.name === `call.${final}`
      )
      assert.ok(told?.event.type === 'carrier.event')
      assert.equal(told.event.eventId, `${CALL.CallSid}:${final}`)
      assert.equal(told.event.occurredAt, Date.parse('2026-08-12T08:00:00Z'))
      assert.equal(told.event.payload.duration_seconds, 12)
    })
  }

  it('leave the call as it is at any other status, and tell of it', async () => {
    await voice()
    const callId = rig.registry.find(CALL.CallSid)?.call.callId ?? ''
    await status('in-progress')
    assert.equal(rig.endReasonOf(callId), null)
    assert.ok(namesOf(callId).includes('call.in-progress'))
  })

  it('tell of the end of a call that is over for us already, and nothing of a call that was never ours', async () => {
    await voice()
    const callId = rig.registry.find(CALL.CallSid)?.call.callId ?? ''
    await rig.registry.find(CALL.CallSid)?.session?.end('caller_hung_up')
    await status('completed')
    assert.equal(namesOf(callId).at(-1), 'call.completed')
    const before = rig.published.length
    const stranger = await status('completed', { CallSid: 'CA9' })
    assert.deepEqual([stranger.statusCode, rig.published.length], [204, before])
  })

  it('reach the operator’s socket once each, with our own word for what Twilio does not tell', async () => {
    const socket = rig.connect(`/call-events?token=${OPERATOR_TOKEN}`)
    const messages: { type: string; payload: Record<string, unknown> }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    await voice()
    await status('ringing')
    await status('completed', { CallDuration: '12' })
    await status('completed', { CallDuration: '12' })
    await until(() => messages.length >= 5, 'five messages')
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['call.initiated', 'call.ringing', 'call.answered', 'call.completed', 'call.ended']
    )
    assert.deepEqual(
      [messages[3].payload.call_control_id, messages[3].payload.duration_seconds],
      [CALL.CallSid, 12]
    )
  })

  it('hang up on a call of ours that nobody here knows any more', async () => {
    const response = await voice({ ...CALL, Direction: 'outbound-api', CallStatus: 'in-progress' })
    assert.equal(parseTwiml(response.body).verb, 'reject')
    assert.deepEqual([rig.registry.size, rig.engines.length], [0, 0])
  })

  it('end a call for the operator once the goodbye has been heard', async () => {
    await voice()
    const end = (body: object, token = OPERATOR_TOKEN) =>
      rig.app.inject({
        method: 'POST',
        url: '/api/calls/twilio/end',
        headers: { authorization: `Bearer ${token}` },
        body
      })
    assert.equal((await end({ call_sid: CALL.CallSid }, 'wrong')).statusCode, 401)
    assert.equal((await end({ call_sid: 'CA9' })).statusCode, 404)
    assert.equal((await end({})).statusCode, 400)
    const callId = rig.registry.find(CALL.CallSid)?.call.callId ?? ''
    const response = await end({ call_control_id: CALL.CallSid })
    assert.deepEqual(response.json(), { success: true })
    assert.equal(rig.endReasonOf(callId), 'operator')
  })
})

describe('Twilio without its key', () => {
  it('answers 503 and names the variables', async () => {
    const rig = await startRouteRig({ twilio: false })
    try {
      for (const path of ['voice', 'status']) {
        const response = await rig.app.inject(webhook(`/api/calls/twilio/${path}`, CALL))
        assert.equal(response.statusCode, 503)
        assert.match(response.json().message, /TWILIO_ACCOUNT_SID.*TWILIO_AUTH_TOKEN/)
      }
    } finally {
      await rig.close()
    }
  })
})
