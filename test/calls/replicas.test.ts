import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { type RunningServer, startServer } from '../../server.ts'
import { loadConfig } from '../../services/config.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { freePort } from '../support/free-port.ts'
import { operatorOf } from '../support/operator-client.ts'
import { withRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const OURS = '+13125550199'
const BUSY = '+13125550162'
const redis = withRedis()

/** The first request of a call goes to one replica, everything that follows to the other. */
describe('two replicas behind a load balancer', { timeout: 300_000, ...redis.options }, () => {
  let rig: CallRig
  let second: RunningServer
  let balancer: Balancer
  let dataDir: string

  before(async () => {
    balancer = await startBalancer()
    const shared = {
      SERVER_URL: balancer.url,
      REDIS_URL: redis.url,
      STREAM_TOKEN_SECRET: 'a secret that both replicas have'
    }
    rig = await startCallRig({
      env: shared,
      telnyx: { dialled: () => ({ result: 'user_busy', afterMs: 100 }) },
      twilio: { dialled: () => ({ result: 'busy', afterMs: 100 }) },
      realtime: { script: () => ({ transcript: 'Hello.', audio: { toneHz: 500, ms: 400 } }) }
    })
    dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-replica-'))
    const config = loadConfig({
      ...shared,
      PORT: String(await freePort()),
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      DATABASE_URL: rig.server.database.embeddedUrl ?? undefined,
      TELNYX_API_KEY: rig.telnyx.apiKey,
      TELNYX_PUBLIC_KEY: rig.telnyx.publicKey,
      TELNYX_APPLICATION_ID: rig.telnyx.applicationId,
      TELNYX_BASE_URL: rig.telnyx.baseUrl,
      TWILIO_ACCOUNT_SID: rig.twilio.accountSid,
      TWILIO_AUTH_TOKEN: rig.twilio.authToken,
      TWILIO_BASE_URL: rig.twilio.baseUrl,
      OPENAI_API_KEY: rig.realtime.apiKey,
      OPENAI_BASE_URL: rig.realtime.url,
      OPERATOR_TOKEN: rig.server.operatorToken,
      DRAIN_SECONDS: '0'
    })
    second = await startServer(config, pino({ level: 'silent' }))
    balancer.targets = [rig.server.url, second.url]
    rig.telnyx.webhookUrl = `${balancer.url}/api/calls/telnyx/webhook`
  })

  after(async () => {
    await second.stop()
    await rig.close()
    await balancer.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  beforeEach(() => {
    let first = true
    balancer.route = () => {
      const target = first ? 0 : 1
      first = false
      return target
    }
  })

  const operator = (method: string, url: string, body?: object) =>
    operatorOf({ ...second, url: balancer.url })(method, url, body)

  async function endOf(carrierCallId: string) {
    const [row] = await rig.eventually(
      'select * from calls where carrier_call_id = $1 and ended_at is not null',
      [carrierCallId]
    )
    return row
  }

  /** What a monitoring socket of the second replica tells. */
  async function watch(address: string): Promise<{ socket: WebSocket; heard: Record<string, unknown>[] }> {
    const heard: Record<string, unknown>[] = []
    const url = `${second.url.replace('http', 'ws')}${address}token=${second.operatorToken}`
    const socket = new WebSocket(url)
    socket.on('message', (data) => heard.push(JSON.parse(String(data))))
    await new Promise((resolve) => socket.once('open', resolve))
    return { socket, heard }
  }

  it('speak with a Telnyx caller whose socket, webhooks and commands come to the one that does not hold the call', async () => {
    const events = await watch('/call-events?')
    const audio = await watch('/frontend-audio?track=both&')
    const call = rig.telnyx.placeCall({ to: OURS })
    await call.waitForHeard(380, 10_000)
    const id = encodeURIComponent(call.callControlId)
    assert.ok(rig.server.registry.find(call.callControlId))
    assert.equal(second.registry.find(call.callControlId), null)
    const heardMs = call.heardMs
    assert.deepEqual((await operator('POST', `/api/calls/${id}/say`, { text: 'Hello again.' })).body, {
      success: true
    })
    await call.waitForHeard(heardMs + 380, 10_000)
    const mute = await operator('POST', `/api/calls/telnyx/${id}/mute`, { party: 'caller' })
    assert.deepEqual([mute.status, mute.body], [200, { success: true }])
    const wrong = await operator('POST', `/api/calls/${id}/say`, { text: '' })
    assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_request'])
    const transfer = await operator('POST', `/api/calls/${id}/transfer`, { to: BUSY })
    assert.deepEqual(transfer.body.data, { outcome: 'busy' })
    call.hangUp()
    assert.equal((await endOf(call.callControlId)).end_reason, 'caller_hung_up')
    assert.equal(rig.realtime.sessions.length, 1)
    await rig.telnyx.webhooksSettled()
    const hangup = () => events.heard.find(({ type }) => type === 'call.hangup')
    const { payload } = await until(hangup, 'the hangup')
    assert.ok(Number(Object(payload).duration_seconds) > 0)
    const types = new Set(events.heard.map(({ type }) => type))
    for (const type of ['call.initiated', 'call.answered', 'turn.completed', 'call.hangup', 'call.ended'])
      assert.ok(types.has(type), type)
    const told = audio.heard.map(({ event }) => event)
    assert.deepEqual([told[0], told[1], told.at(-1)], ['connected', 'start', 'stop'])
    assert.equal(told.filter((event) => event === 'connected').length, 1)
    assert.deepEqual(listened(audio.heard, 'outbound').subarray(-1600).length, 1600)
    assert.ok(loud(listened(audio.heard, 'outbound')) > 3000, 'the agent is heard by the listener')
    events.socket.close()
    audio.socket.close()
  })

  it('speak with a Twilio caller likewise, and take the caller back from a transfer', async () => {
    const call = rig.twilio.placeCall({ to: OURS })
    await call.waitForHeard(380, 10_000)
    assert.ok(rig.server.registry.find(call.callSid))
    const transfer = await operator('POST', `/api/calls/${call.callSid}/transfer`, { to: BUSY })
    assert.deepEqual(transfer.body.data, { outcome: 'busy' })
    await call.until(() => call.moments.filter(({ name }) => name === 'streaming').length === 2, 'the stream')
    await call.waitForHeard(300, 10_000)
    assert.deepEqual((await operator('POST', '/api/calls/twilio/end', { call_sid: call.callSid })).body, {
      success: true
    })
    await call.waitFor('ended')
    assert.equal((await endOf(call.callSid)).end_reason, 'operator')
    assert.deepEqual(call.warnings, [])
  })

  it('call somebody from the one, and hear of it at the other', async () => {
    const { body } = await operator('POST', '/api/calls/telnyx/initiate', { from: OURS, to: BUSY })
    const { callId } = body.data as { callId: string }
    const row = await endOf(callId)
    assert.deepEqual([row.end_reason, row.end_detail], ['carrier_failed', 'busy'])
  })

  it('take a test call’s socket wherever it comes, its token once, and let no other in', async () => {
    const { body } = await operator('POST', '/api/calls/test', {})
    const url = `${String(body.streamUrl).replace(/^http/, 'ws')}&token=${body.streamToken}`
    const first = new WebSocket(url)
    await new Promise((resolve, reject) => first.once('open', resolve).once('error', reject))
    for (const server of [rig.server, second]) {
      const again = new WebSocket(
        url.replace(balancer.url.replace('http', 'ws'), server.url.replace('http', 'ws'))
      )
      const error = await new Promise<Error>((resolve) => again.once('error', resolve))
      assert.match(error.message, /401/)
    }
    const media_format = { encoding: 'PCMU', sample_rate: 8000, channels: 1 }
    first.send(JSON.stringify({ event: 'start', stream_id: 's', start: { media_format } }))
    await new Promise<void>((resolve) =>
      first.on('message', (data) => JSON.parse(String(data)).event === 'media' && resolve())
    )
    first.close()
    assert.equal((await endOf(String(body.callId))).end_reason, 'media_lost')
  })

  it('answer a ring once that is told to both, with everything that follows', async () => {
    balancer.copies = true
    const call = rig.telnyx.placeCall({ to: OURS })
    await call.waitForHeard(380, 10_000)
    call.hangUp()
    const { id } = await endOf(call.callControlId)
    await rig.telnyx.webhooksSettled()
    balancer.copies = false
    const commands = rig.telnyx.requests
      .filter(({ callControlId }) => callControlId === call.callControlId)
      .map(({ command }) => command)
    assert.deepEqual(commands.toSorted(), ['answer', 'streaming_start', 'suppression_start'])
    const rows = await rig.query('select id from calls where carrier_call_id = $1', [call.callControlId])
    assert.deepEqual(rows, [{ id }])
    const told = await rig.query(
      "select type from call_events where call_id = $1 and type in ('call.initiated', 'call.answered')",
      [id]
    )
    // Of each, ours and Telnyx's own.
    assert.equal(told.length, 4, JSON.stringify(told))
  })

  it('answer 404 to commands for a call that neither holds', async () => {
    const reply = await operator('POST', '/api/calls/v3:nobody/say', { text: 'x' })
    assert.deepEqual([reply.status, reply.body.error], [404, 'unknown_call'])
  })
})

function listened(heard: Record<string, unknown>[], track: string): Buffer {
  return Buffer.concat(
    heard.flatMap(({ event, media }) => {
      const frame = media as { track: string; payload: string } | undefined
      return event === 'media' && frame?.track === track ? [Buffer.from(frame.payload, 'base64')] : []
    })
  )
}

/** The loudest mu-law sample, roughly. */
function loud(audio: Buffer): number {
  return audio.reduce((max, byte) => Math.max(max, ((0x7f - (byte & 0x7f)) / 0x7f) * 8000), 0)
}
