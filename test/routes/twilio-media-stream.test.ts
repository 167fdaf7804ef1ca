import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pino } from 'pino'
import type { WebSocket } from 'ws'
import { signatureOf } from '../standins/twilio/signed-webhooks.ts'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig, TWILIO } from '../support/route-rig.ts'
import { until } from '../support/until.ts'

const CALL_SID = 'CA5ad66c0d'

function start(token: string | undefined, callSid = CALL_SID): string {
  return JSON.stringify({
    event: 'start',
    streamSid: 'MZ1',
    start: {
      streamSid: 'MZ1',
      callSid,
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token }
    }
  })
}

const MEDIA = JSON.stringify({
  event: 'media',
  streamSid: 'MZ1',
  media: { track: 'inbound', payload: '/////w==' }
})

describe("admission to Twilio's media socket", { timeout: 60_000 }, () => {
  let rig: RouteRig

  let log: Record<string, unknown>[]

  beforeEach(async () => {
    log = []
    rig = await startRouteRig({ log: pino({}, { write: (line) => log.push(JSON.parse(line)) }) })
  })

  afterEach(() => rig.close())

  /** A call of Twilio's, answered and waiting for its stream. */
  async function answeredCall() {
    const params = { CallSid: CALL_SID, From: '+13125550111', To: '+13125550122', CallStatus: 'ringing' }
    await rig.app.inject({
      method: 'POST',
      url: '/api/calls/twilio/voice',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signatureOf(TWILIO.authToken, `${TWILIO.webhooksUrl}/voice`, params)
      },
      body: new URLSearchParams(params).toString()
    })
    const held = rig.registry.find(CALL_SID)
    assert.ok(held?.session)
    return { callId: held.call.callId, session: held.session, engine: rig.engines[0] }
  }

  function signed(path: string, token = TWILIO.authToken): Record<string, string> {
    return { 'x-twilio-signature': signatureOf(token, `wss://example.com${path}`, {}) }
  }

  async function opened(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
    const socket = rig.connect(path, headers)
    await once(socket, 'open')
    return socket
  }

  it('lets Twilio in by its signature and the token of its start, and by either id of the call', async () => {
    const { session, callId } = await answeredCall()
    for (const id of [callId, CALL_SID]) {
      const socket = await opened(`/ws/twilio/${id}`, signed(`/ws/twilio/${id}`))
      assert.equal(session.connected, id === CALL_SID)
      socket.send(start(rig.tokens.mint(CALL_SID)))
      await until(() => session.connected, 'the stream')
    }
  })

  it('answers 403 before the upgrade to a call of Twilio’s without its signature', async () => {
    const { callId, session } = await answeredCall()
    const path = `/ws/twilio/${callId}`
    assert.equal(await rig.upgradeStatus(path), 403)
    assert.equal(await rig.upgradeStatus(path, signed(path, 'another token')), 403)
    assert.equal(await rig.upgradeStatus(path, signed('/ws/twilio/another')), 403)
    assert.equal(await rig.upgradeStatus(`${path}?x=1`, signed(path)), 403)
    assert.equal(session.connected, false)
    const refusals = log.filter(({ event }) => event === 'stream.refused')
    assert.deepEqual(
      refusals.map(({ url, hasQuery }) => [url, hasQuery]),
      [false, false, false, true].map((hasQuery) => [`wss://example.com${path}`, hasQuery])
    )
  })

  it('closes with 1008 where the token is missing, wrong, used or of another call, and no call is told', async () => {
    const { callId, session, engine } = await answeredCall()
    const other = rig.openCall()
    const used = rig.tokens.mint(CALL_SID)
    await rig.tokens.redeem(used, CALL_SID)
    const path = `/ws/twilio/${callId}`
    for (const token of [undefined, 'wrong', used, rig.tokens.mint(other.call.callId)]) {
      const socket = await opened(path, signed(path))
      socket.send(start(token))
      socket.send(MEDIA)
      const [code] = await once(socket, 'close')
      assert.equal(code, 1008)
    }
    assert.deepEqual([session.connected, session.frames.in, engine.closed], [false, 0, 0])
  })

  it('does not let a stranger’s socket take the place of the stream', async () => {
    const { callId, session } = await answeredCall()
    const path = `/ws/twilio/${callId}`
    const good = await opened(path, signed(path))
    good.send(start(rig.tokens.mint(CALL_SID)))
    await until(() => session.connected, 'the stream')
    const bad = await opened(path, signed(path))
    bad.send(start('wrong'))
    await once(bad, 'close')
    assert.deepEqual([session.connected, good.readyState], [true, good.OPEN])
  })

  it('ends a stream that claims to be of another call', async () => {
    const { callId, session } = await answeredCall()
    const path = `/ws/twilio/${callId}`
    const socket = await opened(path, signed(path))
    socket.send(start(rig.tokens.mint(CALL_SID), 'CA9'))
    await once(socket, 'close')
    assert.equal(session.connected, false)
  })

  it('tells a socket of an unknown call so, and closes it with 1008', async () => {
    for (const headers of [{}, signed('/ws/twilio/nobody')]) {
      const socket = rig.connect('/ws/twilio/nobody', headers)
      const [message] = await once(socket, 'message')
      assert.deepEqual(JSON.parse(String(message)), {
        error: 'Connection failed',
        message: 'Call ID not found'
      })
      const [code] = await once(socket, 'close')
      assert.equal(code, 1008)
    }
    assert.equal(rig.engines.length, 0)
  })

  it('lets a test call in by its token alone', async () => {
    const response = await rig.app.inject({
      method: 'POST',
      url: '/api/calls/test',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      body: { carrier: 'twilio' }
    })
    const { callId, streamUrl, streamToken } = response.json()
    assert.equal(new URL(streamUrl).pathname, `/ws/twilio/${callId}`)
    const session = rig.registry.find(callId)?.session
    const wrong = await opened(`/ws/twilio/${callId}`)
    wrong.send(start('wrong', callId))
    assert.equal((await once(wrong, 'close'))[0], 1008)
    const socket = await opened(`/ws/twilio/${callId}`)
    socket.send(start(streamToken, callId))
    await until(() => session?.connected, 'the stream')
  })

  it('takes a client for a test call that gives its start a CallSid of its own', async () => {
    const held = rig.openCall()
    const socket = await opened(`/ws/twilio/${held.call.callId}`)
    socket.send(start(rig.tokens.mint(held.call.callId), 'CA-of-the-client'))
    socket.send(MEDIA)
    await until(() => held.session?.frames.in === 1, 'the frame')
    assert.equal(socket.readyState, socket.OPEN)
  })

  it('offers a test call of Twilio’s dialect in PCMU only', async () => {
    const response = await rig.app.inject({
      method: 'POST',
      url: '/api/calls/test',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      body: { carrier: 'twilio', codec: 'L16' }
    })
    assert.deepEqual([response.statusCode, response.json().error], [400, 'invalid_request'])
    assert.equal(rig.registry.size, 0)
  })

  it('refuses an address that guesses, and never Twilio', async () => {
    const { callId } = await answeredCall()
    const path = `/ws/twilio/${callId}`
    for (let attempt = 0; attempt < 20; attempt++) assert.equal(await rig.upgradeStatus(path), 403)
    assert.equal(await rig.upgradeStatus(path), 429)
    assert.equal(await rig.upgradeStatus(path, signed(path)), 101)
  })

  it('closes a socket whose frame is over 64 KiB with 1009', async () => {
    const { callId } = await answeredCall()
    const path = `/ws/twilio/${callId}`
    const socket = await opened(path, signed(path))
    socket.send('x'.repeat(64 * 1024 + 1))
    assert.equal((await once(socket, 'close'))[0], 1009)
  })
})
