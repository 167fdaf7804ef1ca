import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { TwilioCarrier } from '../../../../services/carriers/twilio/twilio-carrier.ts'
import type { CallError } from '../../../../sessions/errors.ts'
import { startTwilioStandIn, type TwilioStandIn } from '../../../standins/twilio/twilio-standin.ts'
import { parseTwiml } from '../../../standins/twilio/twiml.ts'

/** Keeps a call up without a media stream. */
const BRIDGE = parseTwiml('<Response><Dial>+13125550133</Dial></Response>')

/** Nobody answers by themselves but the other party of that. */
const RINGS = { result: 'ring', afterMs: 0 } as const
const TRANSFER = { from: '+13125550122', ringMs: 20_000, transferId: 'transfer-1' }

describe('TwilioCarrier', { timeout: 30_000 }, () => {
  let twilio: TwilioStandIn

  beforeEach(async () => {
    twilio = await startTwilioStandIn({ dialled: (to) => (to === '+13125550111' ? RINGS : undefined) })
  })

  afterEach(() => twilio.close())

  function carrierWith(overrides: { authToken?: string; baseUrl?: string } = {}): TwilioCarrier {
    return new TwilioCarrier({
      accountSid: twilio.accountSid,
      authToken: twilio.authToken,
      baseUrl: twilio.baseUrl,
      webhooksUrl: 'https://example.com/api/calls/twilio',
      ...overrides
    })
  }

  const stream = { url: 'wss://example.com/ws/twilio/5ad66c0d', token: 'a&b<c>"d' }
  const dial = (carrier: TwilioCarrier) => carrier.dial({ to: '+13125550111', from: '+13125550122' })

  it('answers with a stream whose URL has no query and whose token is a parameter', () => {
    const reply = carrierWith().answerReply(stream)
    assert.deepEqual(parseTwiml(reply), {
      verb: 'connect',
      url: stream.url,
      parameters: { token: stream.token }
    })
    assert.match(
      carrierWith().answerReply({ ...stream, token: 't.1' }),
      /<Response><Connect><Stream url="wss:\/\/example\.com\/ws\/twilio\/5ad66c0d"><Parameter name="token" value="t\.1"\/><\/Stream><\/Connect><\/Response>$/
    )
  })

  it('declines as busy', () => {
    assert.deepEqual(parseTwiml(carrierWith().refuseReply()), { verb: 'reject', reason: 'busy' })
  })

  it('dials, asking for TwiML and for the call’s status at the server’s own addresses', async () => {
    const callSid = await dial(carrierWith())
    const call = await twilio.waitForDial()
    assert.equal(callSid, call.callSid)
    assert.deepEqual(twilio.requests[0].form, {
      To: '+13125550111',
      From: '+13125550122',
      Url: 'https://example.com/api/calls/twilio/voice',
      StatusCallback: 'https://example.com/api/calls/twilio/status',
      StatusCallbackEvent: ['ringing', 'answered', 'completed']
    })
  })

  async function answeredCall(carrier: TwilioCarrier) {
    await dial(carrier)
    const call = await twilio.waitForDial()
    await call.pickUp(BRIDGE)
    return call
  }

  it('hangs up, and takes it for success where the call has ended already', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.hangUp(call.callSid)
    await call.waitFor('ended')
    await carrier.hangUp(call.callSid)
    const codes = twilio.requests.slice(1).map(({ status, errorCode }) => [status, errorCode])
    assert.deepEqual(codes, [
      [200, null],
      [400, 21220]
    ])
  })

  it('tries a hang-up again where Twilio fails, and a dial never, since it may have rung', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    twilio.failNext(2, 503)
    await carrier.hangUp(call.callSid)
    await call.waitFor('ended')
    assert.deepEqual(
      twilio.requests.slice(1).map(({ status }) => status),
      [503, 503, 200]
    )
    twilio.failNext(1, 500)
    await assert.rejects(dial(carrier), { code: 'CARRIER_REFUSED', retryable: true, detail: '20500' })
    assert.equal(twilio.requests.length, 5)
  })

  it('waits where Twilio asks to slow down', async () => {
    twilio.rateLimitNext(1)
    await dial(carrierWith())
    assert.deepEqual(
      twilio.requests.map(({ status }) => status),
      [429, 201]
    )
  })

  it('has another number called for the caller, and wants to be told what becomes of it', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.transfer(call.callSid, '+13125550177', TRANSFER)
    await call.until(() => call.transferredTo === '+13125550177', 'the transfer')
    const transfer = 'https://example.com/api/calls/twilio/transfer'
    assert.deepEqual(parseTwiml(String(twilio.requests.at(-1)?.form.Twiml)), {
      verb: 'dial',
      to: '+13125550177',
      callerId: '+13125550122',
      timeoutSeconds: 20,
      action: `${transfer}/ended?id=transfer-1`,
      statusCallback: `${transfer}/answered?id=transfer-1`,
      statusEvents: ['answered']
    })
  })

  it('knows by asking whether the other party of a transfer speaks with the caller', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.transfer(call.callSid, '+13125550111', TRANSFER)
    const leg = await twilio.until(
      () =>
        twilio.calls.find(
          ({ options }) => options.parentCallSid === call.callSid && options.to === '+13125550111'
        ),
      'the other leg'
    )
    assert.equal(await carrier.transferAnswered(call.callSid), false)
    await leg.pickUp(null)
    assert.equal(await carrier.transferAnswered(call.callSid), true)
    assert.equal(await carrier.transferAnswered('CA0'), false)
  })

  it('shows the other party the caller’s own number where it is given none', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.transfer(call.callSid, '+13125550177', { ...TRANSFER, from: null })
    assert.doesNotMatch(String(twilio.requests.at(-1)?.form.Twiml), /callerId/)
  })

  it('presses keys, and asks for the stream again behind them', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.sendDtmf(call.callSid, '1w2W#', () => stream)
    await call.until(() => call.pressed === '1w2ww#', 'the keys')
    const { url, token } = stream
    assert.deepEqual(parseTwiml(String(twilio.requests.at(-1)?.form.Twiml)), {
      verb: 'play',
      digits: '1w2ww#',
      next: { verb: 'connect', url, parameters: { token } }
    })
  })

  it('asks for the stream of a call that is up, and says so without the token', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    const request = await carrier.startStream(call.callSid, stream)
    assert.deepEqual(request, { streamUrl: stream.url, parameters: {} })
    assert.equal(JSON.stringify(request).includes(stream.token), false)
    assert.deepEqual(parseTwiml(String(twilio.requests.at(-1)?.form.Twiml)).verb, 'connect')
  })

  it('tells a call that is over from a refusal', async () => {
    const carrier = carrierWith()
    const call = await answeredCall(carrier)
    await carrier.hangUp(call.callSid)
    await call.waitFor('ended')
    await assert.rejects(carrier.startStream(call.callSid, stream), { code: 'CALL_OVER', retryable: false })
  })

  it('says which of Twilio’s rules a request broke, and never in Twilio’s own words', async () => {
    const refused = carrierWith().dial({ to: '5550111', from: '+13125550122' })
    await assert.rejects(refused, (error: CallError) => {
      assert.deepEqual([error.code, error.detail, error.retryable], ['CARRIER_REFUSED', '21211', false])
      assert.equal(`${error.message} ${error.detail}`.includes('5550111'), false)
      return true
    })
    await assert.rejects(dial(carrierWith({ authToken: 'wrong' })), { detail: '20003' })
    await assert.rejects(carrierWith().transfer('CA0', '+13125550177', TRANSFER), { detail: '20404' })
  })

  it('tells a Twilio that can’t be reached from one that refuses', async () => {
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    await assert.rejects(dial(carrierWith({ baseUrl: `http://127.0.0.1:${port}/` })), {
      code: 'CARRIER_UNREACHABLE',
      retryable: true,
      detail: null
    })
  })
})
