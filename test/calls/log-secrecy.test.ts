import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'

const CALLER = '+13125550147'
const OURS = '+13125550186'
const OTHER = '+13125550163'
const SECRET_WORDS = 'The parcel is under the blue flowerpot.'
const SAID = 'My password is rosebud.'

/** Whole calls by both carriers, with everything that is refused on the way, at the level that tells most. */
describe('the log, at the level trace', { timeout: 300_000 }, () => {
  let rig: CallRig
  const secrets = new Map<string, string>()

  before(async () => {
    rig = await startCallRig({
      env: { LOG_LEVEL: 'trace', STREAM_TOKEN_SECRET: 'secret-of-the-stream-tokens' },
      telnyx: { dialled: () => ({ result: 'user_busy', afterMs: 100 }) },
      twilio: { dialled: () => ({ result: 'busy', afterMs: 100 }) },
      realtime: {
        script: () => ({ transcript: SECRET_WORDS, audio: { toneHz: 500, ms: 400 } }),
        transcribe: () => SAID
      }
    })
    const { telnyx, twilio, realtime, server } = rig
    secrets.set('the key of Telnyx', telnyx.apiKey)
    secrets.set('the auth token of Twilio', twilio.authToken)
    secrets.set('the key of OpenAI', realtime.apiKey)
    secrets.set('the token of the operator', server.operatorToken)
    secrets.set('the secret of the stream tokens', 'secret-of-the-stream-tokens')
    for (const [name, number] of Object.entries({ CALLER, OURS, OTHER })) {
      secrets.set(`the number ${name}`, number)
      secrets.set(`the number ${name} without its plus`, number.slice(1))
    }
    secrets.set('what the agent says', 'flowerpot')
    secrets.set('what the caller says', 'rosebud')
    await converse()
    await beRefused()
  })
  after(() => rig.close())

  async function converse(): Promise<void> {
    const operator = operatorOf(rig.server)
    const telnyx = rig.telnyx.placeCall({ from: CALLER, to: OURS })
    const twilio = rig.twilio.placeCall({ from: CALLER, to: OURS })
    await Promise.all([telnyx.waitForHeard(350, 10_000), twilio.waitForHeard(350, 10_000)])
    const start = rig.telnyx.requests.find(({ command }) => command === 'streaming_start')
    secrets.set('a stream token of Telnyx', String(start?.body.stream_auth_token))
    secrets.set('a stream token of Twilio', twilio.stream.options.identity.customParameters.token)
    for (const [call, id] of [
      [telnyx, telnyx.callControlId],
      [twilio, twilio.callSid]
    ] as const) {
      const url = `/api/calls/${encodeURIComponent(id)}`
      call.sayTone(700, 600)
      await call.waitForHeard(700, 10_000)
      call.sendDtmf('7')
      await operator('POST', `${url}/say`, { text: SECRET_WORDS })
      await operator('POST', `${url}/whisper`, { text: SECRET_WORDS })
      assert.equal((await operator('POST', `${url}/transfer`, { to: OTHER })).body.success, false)
      call.hangUp()
      await rig.eventually('select 1 from calls where carrier_call_id = $1 and ended_at is not null', [id])
    }
    for (const carrier of ['telnyx', 'twilio']) {
      await operator('POST', `/api/calls/${carrier}/initiate`, { from: OURS, to: OTHER })
    }
    await rig.eventually("select 1 from calls where direction = 'outbound' having count(ended_at) = 2")
  }

  async function beRefused(): Promise<void> {
    const { server, telnyx, twilio } = rig
    const operator = operatorOf(server)
    telnyx.failNext(3)
    await operator('POST', '/api/calls/telnyx/initiate', { from: OURS, to: OTHER })
    await operator('POST', '/api/calls/telnyx/initiate', { from: OURS, to: '+442079460123' })
    const form = { CallSid: 'CA1', From: CALLER, To: OURS }
    await twilio.post(`${server.url}/api/calls/twilio/voice`, form, 'wrong')
    await fetch(`${server.url}/api/calls/telnyx/webhook`, {
      method: 'POST',
      body: JSON.stringify({ data: { payload: { from: CALLER } } })
    })
    await fetch(`${server.url}/nowhere?token=${server.operatorToken}`)
    const [, token] = [...secrets].find(([name]) => name === 'a stream token of Telnyx')!
    for (const address of [
      `/media-stream-ws?call_id=1&token=${token}`,
      `/audio-stream?token=${token}`,
      `/ws/twilio/1?token=${token}`,
      `/call-events?token=wrong&other=${server.operatorToken}`,
      `/frontend-audio?token=${server.operatorToken}&track=none`
    ]) {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}${address}`)
      socket.on('error', () => {})
      await new Promise((resolve) => socket.on('close', resolve))
    }
  }

  it('has told of all of it', () => {
    const events = new Set(rig.log.map(({ event }) => event))
    for (const event of [
      'call.initiated',
      'stream.requested',
      'turn.completed',
      'transfer.completed',
      'call.ended',
      'carrier.event',
      'carrier.refused',
      'webhook.refused',
      'stream.refused'
    ]) {
      assert.ok(events.has(event), event)
    }
  })

  it('has no key, token, number, or word of either end in any line', () => {
    const lines = rig.log.map((line) => JSON.stringify(line))
    assert.ok(lines.length > 50)
    const found = [...secrets].flatMap(([name, secret]) => {
      assert.ok(secret.length > 5, name)
      const line = lines.find((each) => each.includes(secret) || each.includes(encodeURIComponent(secret)))
      return line === undefined ? [] : [`${name}: ${line.slice(0, 300)}`]
    })
    assert.deepEqual(found, [])
  })

  it('has no audio in any line', () => {
    const long = rig.log
      .map((line) => JSON.stringify(line))
      .filter((line) => /[A-Za-z0-9+/]{120,}/.test(line))
    assert.deepEqual(long, [])
  })
})
