import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import alawmulaw from 'alawmulaw'
import twilio from 'twilio'
import type { WebSocket } from 'ws'
import { sine, toneSnrDb } from '../support/tone.ts'
import { BareServer } from './twilio/bare-server.ts'
import { startTwilioStandIn, type TwilioStandIn } from './twilio/twilio-standin.ts'
import { parseTwiml, TwimlFault } from './twilio/twiml.ts'

describe('the Twilio stand-in', { timeout: 20_000 }, () => {
  let server: BareServer
  let standIn: TwilioStandIn

  beforeEach(async () => {
    server = new BareServer()
    await server.listen()
    standIn = await startTwilioStandIn({
      voiceUrl: `http://${server.host}/voice`,
      statusUrl: `http://${server.host}/status`
    })
  })

  afterEach(async () => {
    await standIn.close()
    await server.close()
  })

  async function streamingCall() {
    server.reply = () => server.connect
    const call = standIn.placeCall()
    await call.waitFor('streaming')
    await call.until(() => server.of('start')[0], 'start')
    const streamSid = server.of('start')[0].streamSid ?? ''
    return { call, streamSid }
  }

  const said = (ms: number) =>
    Buffer.from(alawmulaw.mulaw.encode(sine({ frequencyHz: 440, sampleRate: 8000, ms }))).toString('base64')

  it('asks what to do with a call by a form that Twilio’s SDK takes for signed', async () => {
    const call = standIn.placeCall({ from: '+13125550111', to: '+13125550122' })
    await call.waitFor('ended')
    const [{ params, signature }] = server.webhooks
    assert.deepEqual(
      [params.CallSid, params.From, params.To, params.CallStatus, params.Direction],
      [call.callSid, '+13125550111', '+13125550122', 'ringing', 'inbound']
    )
    assert.equal(twilio.validateRequest(standIn.authToken, signature, standIn.voiceUrl, params), true)
    await standIn.webhooksSettled()
    assert.equal(server.webhooks[1].params.CallStatus, 'completed')
  })

  it('connects the stream over a signed upgrade, and sends connected, start and a packet every 20 ms', async () => {
    const { call, streamSid } = await streamingCall()
    await call.until(() => server.of('media').length >= 10, '10 packets')
    const [{ url, signature }] = server.upgrades
    assert.equal(url, '/media')
    const signedUrl = `wss://${server.host}/media`
    assert.equal(twilio.validateRequest(standIn.authToken, signature, signedUrl, {}), true)
    assert.deepEqual(
      server.frames.slice(0, 3).map(({ event }) => event),
      ['connected', 'start', 'media']
    )
    assert.deepEqual(server.of('start')[0].start, {
      accountSid: standIn.accountSid,
      streamSid,
      callSid: call.callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 't.1' }
    })
    const media = server.of('media').slice(0, 3)
    assert.deepEqual(
      media.map((frame) => [frame.sequenceNumber, frame.media?.chunk, frame.media?.timestamp]),
      [
        ['2', '1', '0'],
        ['3', '2', '20'],
        ['4', '3', '40']
      ]
    )
    assert.equal(Buffer.from(media[0].media?.payload ?? '', 'base64').length, 160)
  })

  it('plays in real time, returns marks when they are due, and drops the rest at a clear', async () => {
    const { call, streamSid } = await streamingCall()
    server.send({ event: 'media', streamSid, media: { payload: said(300) } })
    server.send({ event: 'mark', streamSid, mark: { name: 'first' } })
    server.send({ event: 'media', streamSid, media: { payload: said(5000) } })
    server.send({ event: 'mark', streamSid, mark: { name: 'second' } })
    await call.waitForHeard(300)
    await call.until(() => server.of('mark')[0], 'a mark')
    assert.ok(call.heardMs < 1000, `${call.heardMs} ms were heard when the mark of 300 ms came back`)
    server.send({ event: 'clear', streamSid })
    await call.until(() => server.of('mark')[1], 'the other mark')
    assert.deepEqual(
      call.playout.marks.map(({ name, cleared }) => [name, cleared]),
      [
        ['first', false],
        ['second', true]
      ]
    )
    const begin = call.heard.findIndex((sample) => sample !== 0)
    assert.ok(toneSnrDb(call.heard.subarray(begin, begin + 2400), 8000, 440) > 30)
    assert.ok(call.heardMs < 1500)
  })

  it('ignores what is not of the stream, and says so in its debugger', async () => {
    const { call, streamSid } = await streamingCall()
    server.send({ event: 'media', media: { payload: said(100) } })
    server.send({ event: 'media', streamSid: 'MZ0', media: { payload: said(100) } })
    server.send({ event: 'media', streamSid, media: { payload: '!' } })
    server.send({ event: 'mark', streamSid })
    server.send({ event: 'play', streamSid })
    const faults = await call.until(() => {
      const found = call.moments.filter(({ name }) => name === 'media-error')
      return found.length === 5 && found
    }, 'five faults')
    assert.ok(faults.every(({ detail }) => detail.startsWith('31951')))
    assert.equal(call.heardMs, 0)
  })

  it('ends the call when the server closes the stream, since nothing stands behind it', async () => {
    const { call } = await streamingCall()
    server.socket?.close(1000)
    await call.waitFor('ended')
    assert.deepEqual([call.status, call.endedBy], ['completed', 'callee'])
  })

  it('sends stop when the caller hangs up, and the status with the duration', async () => {
    const { call } = await streamingCall()
    call.sendDtmf('5')
    call.hangUp()
    await once(server.socket as WebSocket, 'close')
    assert.deepEqual(
      server.frames.filter(({ event }) => event !== 'media').map(({ event }) => event),
      ['connected', 'start', 'dtmf', 'stop']
    )
    await standIn.webhooksSettled()
    const { CallStatus, CallDuration } = server.webhooks.at(-1)?.params ?? {}
    assert.deepEqual([CallStatus, CallDuration], ['completed', '0'])
  })

  it('rings out for the server, asks for TwiML when it is answered, and tells every status', async () => {
    server.reply = (path) => (path === '/voice' ? server.connect : '')
    const client = twilio(standIn.accountSid, standIn.authToken, { httpClient: rebased(standIn.baseUrl) })
    const { sid } = await client.calls.create({
      to: '+13125550111',
      from: '+13125550122',
      url: standIn.voiceUrl,
      statusCallback: `http://${server.host}/status`,
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed']
    })
    const call = await standIn.waitForDial()
    await call.waitFor('streaming')
    assert.equal((await client.calls(sid).fetch()).status, 'in-progress')
    await client.calls(sid).update({ status: 'completed' })
    await call.waitFor('ended')
    await standIn.webhooksSettled()
    const statuses = server.webhooks
      .filter(({ path }) => path === '/status')
      .map(({ params }) => params.CallStatus)
    assert.deepEqual(statuses, ['initiated', 'ringing', 'in-progress', 'completed'])
    await assert.rejects(client.calls(sid).update({ status: 'completed' }), { code: 21220, status: 400 })
  })

  it('refuses by REST what Twilio refuses, in its shape', async () => {
    const path = `/2010-04-01/Accounts/${standIn.accountSid}/Calls`
    const basic = `Basic ${btoa(`${standIn.accountSid}:${standIn.authToken}`)}`
    async function post(url: string, form: Record<string, string>, authorization = basic) {
      const response = await fetch(`${standIn.baseUrl}${url}`, {
        method: 'POST',
        headers: { authorization },
        body: new URLSearchParams(form)
      })
      return (await response.json()) as Record<string, unknown>
    }
    const good = { To: '+13125550111', From: '+13125550122', Url: 'https://example.com/voice' }
    assert.deepEqual(await post(`${path}.json`, good, 'Basic eDp5'), {
      code: 20003,
      message: 'Authenticate',
      more_info: 'https://www.twilio.com/docs/errors/20003',
      status: 401
    })
    const codes: [Record<string, string>, number][] = [
      [{ ...good, To: '' }, 21201],
      [{ ...good, To: '5550111' }, 21211],
      [{ ...good, From: 'me' }, 21212],
      [{ To: good.To, Url: good.Url }, 21213],
      [{ ...good, Url: 'example.com' }, 21205],
      [{ ...good, Twiml: '<Response/>' }, 21205],
      [{ ...good, Colour: 'red' }, 20001],
      [{ ...good, StatusCallbackEvent: 'sometimes' }, 20001],
      [{ To: good.To, From: good.From, Twiml: '<Response><Reject' }, 21218]
    ]
    for (const [form, code] of codes) {
      assert.equal((await post(`${path}.json`, form)).code, code, JSON.stringify(form))
    }
    assert.equal((await post(`${path}/CA0.json`, { Status: 'completed' })).code, 20404)
    assert.equal(standIn.calls.length, 0)
  })
})

describe('TwiML, as the stand-in takes it', () => {
  const stream = (url: string, inside = '') =>
    `<Response><Connect><Stream url="${url}">${inside}</Stream></Connect></Response>`

  it('is read with its entities', () => {
    const twiml = parseTwiml(
      stream('wss://example.com/ws/1', '<Parameter name="token" value="a&amp;b&quot;&lt;"/>')
    )
    assert.deepEqual(twiml, {
      verb: 'connect',
      url: 'wss://example.com/ws/1',
      parameters: { token: 'a&b"<' }
    })
    assert.deepEqual(parseTwiml('<?xml version="1.0" encoding="UTF-8"?><Response/>'), { verb: 'hangup' })
  })

  for (const [why, xml] of [
    ['is not XML', '<Response><Connect></Response>'],
    ['has another root', '<Reply/>'],
    ['has a second verb', '<Response><Reject/><Hangup/></Response>'],
    ['has a stream that is not wss', stream('ws://example.com/ws/1')],
    ['has a stream on https', stream('https://example.com/ws/1')],
    ['has a query string', stream('wss://example.com/ws/1?token=1')],
    [
      'has a long parameter',
      stream('wss://example.com/1', `<Parameter name="token" value="${'x'.repeat(496)}"/>`)
    ],
    ['has a nameless parameter', stream('wss://example.com/1', '<Parameter value="x"/>')],
    ['has an unknown attribute', '<Response><Reject because="busy"/></Response>'],
    ['has an unknown reason', '<Response><Reject reason="tired"/></Response>'],
    ['plays a sound', '<Response><Play>https://example.com/hold.mp3</Play></Response>'],
    ['plays what are no keys', '<Response><Play digits="1x"/></Response>'],
    ['rings for too short', '<Response><Dial timeout="2">+13125550111</Dial></Response>'],
    ['shows a callerId that is none', '<Response><Dial callerId="me">+13125550111</Dial></Response>'],
    [
      'wants to be told of what there is not',
      '<Response><Dial><Number statusCallbackEvent="busy">+13125550111</Number></Dial></Response>'
    ],
    ['dials no number', '<Response><Dial>me</Dial></Response>']
  ]) {
    it(`is refused where it ${why}`, () => {
      assert.throws(() => parseTwiml(xml), TwimlFault)
    })
  }
})

function rebased(baseUrl: string): twilio.RequestClient {
  const client = new twilio.RequestClient()
  client.axios.interceptors.request.use((request) => {
    request.url = (request.url ?? '').replace('https://api.twilio.com', baseUrl)
    return request
  })
  return client
}
