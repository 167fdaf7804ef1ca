import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'

/** Who each door is for, and what it asks of them. */
const OPERATOR = [
  'POST /api/calls/telnyx/initiate',
  'POST /api/calls/telnyx/end',
  'POST /api/calls/telnyx/v3:1/mute',
  'POST /api/calls/telnyx/v3:1/unmute',
  'POST /api/calls/twilio/initiate',
  'POST /api/calls/twilio/end',
  'POST /api/calls/test',
  'GET /api/calls',
  'GET /api/calls/1',
  'GET /api/calls/1/recording',
  'DELETE /api/calls/1/recording',
  'GET /api/calls/1/tape',
  'POST /api/calls/1/end',
  'POST /api/calls/1/say',
  'POST /api/calls/1/whisper',
  'POST /api/calls/1/transfer',
  'POST /api/calls/1/mute',
  'POST /api/calls/1/unmute',
  'GET /api/agents',
  'POST /api/agents',
  'GET /api/agents/1',
  'PUT /api/agents/1',
  'DELETE /api/agents/1',
  'GET /api/numbers',
  'PUT /api/numbers/+13125550100',
  'GET /api/products',
  'POST /api/products',
  'DELETE /api/products',
  'GET /api/products/search?q=x',
  'POST /api/products/import',
  'GET /api/usage',
  'GET /api/latency',
  'GET /api/endings',
  'GET /api/doctor',
  'GET /api/load',
  'GET /api/replicas',
  'GET /api/agents/1/versions',
  'POST /api/agents/1/versions/1/restore',
  'DELETE /api/numbers/+13125550100',
  'DELETE /api/callers/+13125550100',
  'GET /api/webhooks/deliveries',
  'POST /api/webhooks/deliveries/1/replay',
  'POST /api/speech',
  'GET /metrics'
]
const SIGNED = {
  'POST /api/calls/telnyx/webhook': 'TELNYX_API_KEY',
  'POST /telnyx/webhook': 'TELNYX_API_KEY',
  'POST /api/calls/twilio/voice': 'TWILIO_ACCOUNT_SID',
  'POST /api/calls/twilio/status': 'TWILIO_ACCOUNT_SID',
  'POST /api/calls/twilio/machine': 'TWILIO_ACCOUNT_SID',
  'POST /api/calls/twilio/transfer/answered?id=1': 'TWILIO_ACCOUNT_SID',
  'POST /api/calls/twilio/transfer/ended?id=1': 'TWILIO_ACCOUNT_SID'
}
const COMMANDS_OF_A_CARRIER = {
  'POST /api/calls/telnyx/initiate': ['TELNYX_API_KEY', { to: '+13125550100', from: '+13125550101' }],
  'POST /api/calls/telnyx/end': ['TELNYX_API_KEY', { call_control_id: '1' }],
  'POST /api/calls/twilio/initiate': ['TWILIO_ACCOUNT_SID', { to: '+13125550100', from: '+13125550101' }],
  'POST /api/calls/twilio/end': ['TWILIO_ACCOUNT_SID', { call_sid: '1' }]
} as const
const ANYONE = ['GET /', 'GET /health', 'GET /health/metrics', 'GET /openapi.json', 'GET /docs/']
const SOCKETS = {
  '/media-stream-ws?call_id=1': 401,
  '/audio-stream': 401,
  '/frontend-audio': 401,
  '/call-events': 401
}

describe('the doors', { timeout: 30_000 }, () => {
  let rig: RouteRig
  let bare: RouteRig

  before(async () => {
    rig = await startRouteRig()
    bare = await startRouteRig({ telnyx: false, twilio: false })
  })
  after(async () => {
    await rig.close()
    await bare.close()
  })

  async function ask(server: RouteRig, door: string, headers: Record<string, string> = {}, body?: object) {
    const [method, url] = door.split(' ')
    const {
      statusCode,
      json,
      headers: replied
    } = await server.app.inject({
      method: method as 'GET' | 'POST',
      url,
      headers,
      ...(body && { body })
    })
    return { status: statusCode, json, headers: replied }
  }

  for (const door of OPERATOR) {
    it(`${door} answers 401 without the operator's token, and with another`, async () => {
      for (const headers of [
        {} as Record<string, string>,
        { authorization: 'Bearer wrong' },
        { authorization: OPERATOR_TOKEN },
        { authorization: `Basic ${btoa(`x:${OPERATOR_TOKEN}`)}` }
      ]) {
        const { status, json } = await ask(rig, door, headers)
        assert.deepEqual(
          [status, json().error, Object.keys(json())],
          [401, 'unauthorized', ['error', 'message']]
        )
      }
      assert.notEqual((await ask(rig, door, { authorization: `Bearer ${OPERATOR_TOKEN}` })).status, 401)
    })
  }

  for (const [door, variable] of Object.entries(SIGNED)) {
    it(`${door} answers 403 to what is not signed, and 503 naming ${variable} where that is not set`, async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const refused = await ask(rig, door, form)
      assert.deepEqual([refused.status, refused.json().error], [403, 'invalid_signature'])
      const off = await ask(bare, door, form)
      assert.deepEqual([off.status, off.json().error], [503, 'carrier_not_configured'])
      assert.ok(off.json().message.includes(variable))
    })
  }

  for (const [door, [variable, body]] of Object.entries(COMMANDS_OF_A_CARRIER)) {
    it(`${door} answers 503 naming ${variable} where that is not set`, async () => {
      const { status, json } = await ask(bare, door, { authorization: `Bearer ${OPERATOR_TOKEN}` }, body)
      assert.deepEqual([status, json().error], [503, 'carrier_not_configured'])
      assert.ok(json().message.includes(variable))
    })
  }

  for (const door of ANYONE) {
    it(`${door} answers anyone, with headers that keep browsers from mischief`, async () => {
      const { status, headers } = await ask(rig, door)
      assert.equal(status, 200)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'SAMEORIGIN')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.match(String(headers['content-security-policy']), /script-src 'self'/)
      assert.equal(headers['x-powered-by'], undefined)
    })
  }

  for (const [path, status] of Object.entries(SOCKETS)) {
    it(`${path} answers ${status} before the upgrade without a token, and 426 never comes first`, async () => {
      assert.equal(await rig.upgradeStatus(path), status)
      assert.equal((await ask(rig, `GET ${path}`)).status, status)
    })
  }

  it('/ws/twilio/:call_id answers 403 to who did not sign, and tells of a call that is none', async () => {
    rig.registry.hold({ ...heldTwilioCall() })
    assert.equal(await rig.upgradeStatus('/ws/twilio/CA-doors'), 403)
    assert.equal(await rig.upgradeStatus('/ws/twilio/nobody'), 101)
  })

  it('answer 404 in the one shape to what is not there', async () => {
    const nowhere = await ask(rig, 'GET /nowhere')
    assert.deepEqual([nowhere.status, nowhere.json().error], [404, 'not_found'])
  })

  function heldTwilioCall() {
    const { call } = rig.openCall()
    const held = rig.registry.find(call.callId)
    assert.ok(held)
    const identity = { ...held.call, carrier: 'twilio', callId: 'doors', carrierCallId: 'CA-doors' } as const
    return { ...held, call: identity }
  }
})
