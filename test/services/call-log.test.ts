import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { logCalls } from '../../services/call-log.ts'
import { TelnyxCarrier } from '../../services/carriers/telnyx/telnyx-carrier.ts'
import { loadConfig, type TelnyxConfig } from '../../services/config.ts'
import { createLogger } from '../../services/logger.ts'
import { PriceBook } from '../../services/pricing/price-book.ts'
import type { TurnRecord } from '../../sessions/contracts/call-events.ts'
import { CallError } from '../../sessions/errors.ts'
import { type BareServer, startBareServer } from '../standins/telnyx/bare-server.ts'
import { startTelnyxStandIn, type TelnyxStandIn } from '../standins/telnyx/telnyx-standin.ts'
import { type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { testCall } from '../support/session-rig.ts'
import { until } from '../support/until.ts'

const FROM = '+13125550142'
const TO = '+13125550177'
const SAID = 'the caller confides in the agent'
const REPLY = 'the agent answers in confidence'

type Line = Record<string, unknown> & { event: string }

describe('log of a call', { timeout: 20_000 }, () => {
  let telnyx: TelnyxStandIn
  let hooks: BareServer
  let rig: RouteRig
  let text: string[]

  beforeEach(async () => {
    hooks = await startBareServer()
    telnyx = await startTelnyxStandIn({ webhookUrl: hooks.webhookUrl })
    text = []
    const destination = new Writable({
      write(chunk, _encoding, done) {
        text.push(String(chunk))
        done()
      }
    })
    const log = createLogger({ level: 'trace', pretty: false, destination })
    const config = loadConfig({
      SERVER_URL: 'https://example.com',
      TELNYX_API_KEY: telnyx.apiKey,
      TELNYX_PUBLIC_KEY: telnyx.publicKey,
      TELNYX_BASE_URL: telnyx.baseUrl
    })
    rig = await startRouteRig({ log, carrier: new TelnyxCarrier(config.telnyx as TelnyxConfig) })
    logCalls(rig.events, log, new PriceBook([]))
  })

  afterEach(async () => {
    await rig.close()
    await telnyx.close()
    await hooks.close()
  })

  const lines = () => text.map((line) => JSON.parse(line) as Line)
  const find = (event: string) => lines().find((line) => line.event === event)

  /** A call from its ring to its hang-up, with everything in it that must not be logged. */
  async function callThrough(): Promise<string> {
    const call = telnyx.placeCall({ from: FROM, to: TO })
    const payload = { call_control_id: call.callControlId, direction: 'incoming', from: FROM, to: TO }
    await rig.app.inject(rig.webhook('call.initiated', payload))
    await call.waitFor('answered')
    await rig.app.inject(rig.webhook('call.answered', payload))
    const { body } = await telnyx.waitForRequest('streaming_start')
    await until(() => find('stream.requested'), 'the stream request')
    const url = new URL(String(body.stream_url))
    await rig.upgradeStatus(`${url.pathname}?call_id=${url.searchParams.get('call_id')}&token=wrong-token`)
    const socket = rig.connect(`${url.pathname}${url.search}`)
    await once(socket, 'open')
    const engine = rig.engines[0]
    await engine.becomeReady()
    const media_format = { encoding: 'PCMU', sample_rate: 8000 }
    socket.send(JSON.stringify({ event: 'start', start: { media_format } }))
    socket.send(
      JSON.stringify({ event: 'media', media: { payload: Buffer.alloc(160, 9).toString('base64') } })
    )
    socket.send(JSON.stringify({ event: 'dtmf', dtmf: { digit: '7' } }))
    socket.send('malformed with a secret in it')
    await until(() => find('media.malformed'), 'the malformed frame')
    engine.emit('callerSpeechStarted', { utteranceId: 'u' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u' })
    engine.emit('callerTranscript', { utteranceId: 'u', text: SAID })
    engine.speak('r', 400, REPLY)
    engine.emit('replyDone', { replyId: 'r' })
    engine.emit('toolCall', { id: 't', name: 'dance', arguments: `{"note":"${SAID}"}`, spoken: false })
    await until(() => find('tool.called'), 'the tool')
    engine.emit('trouble', { code: 'rate_limited' })
    await rig.app.inject(rig.webhook('call.hangup', payload))
    await until(() => find('call.ended'), 'the end')
    socket.terminate()
    return String(url.searchParams.get('token'))
  }

  it('has no token, full phone number, transcript, digit, audio or tool argument in it, at any level', async () => {
    const token = await callThrough()
    assert.ok(token.length > 40)
    const log = text.join('')
    const audio = Buffer.alloc(24, 9).toString('base64')
    for (const secret of [
      ...[token, 'wrong-token', telnyx.apiKey],
      ...[FROM, TO, FROM.slice(1), TO.slice(1), encodeURIComponent(FROM)],
      ...[SAID, REPLY, audio, '"digit"', 'malformed with a secret'],
      ...['confide', 'Bearer']
    ]) {
      assert.ok(!log.includes(secret), `${secret} is in the log`)
    }
  })

  it('tells the sequence of a call, each line with its call', async () => {
    await callThrough()
    const told = lines().map(({ event }) => event)
    const sequence = [
      'call.initiated',
      'call.answered',
      'stream.requested',
      'stream.connected',
      'session.ready',
      'audio.first_from_caller',
      'audio.first_to_engine',
      'call.ended'
    ]
    assert.deepEqual(
      told.filter((event) => sequence.includes(event)),
      sequence
    )
    const { callId } = rig.published[0].call
    for (const line of lines().filter(({ event }) => sequence.includes(event))) {
      assert.deepEqual([line.callId, line.carrier], [callId, 'telnyx'])
      assert.ok(String(line.carrierCallId).startsWith('v3:'))
    }
  })

  it('tells a response time that is known late, no turn twice besides, and an expected refusal to nobody who is paged', () => {
    const turn = {
      turnIndex: 1,
      interrupted: false,
      heardMs: 400,
      latency: { responseMs: 300 }
    } as TurnRecord
    for (const late of [{ revised: false }, { revised: true }, { revised: true, measuredLate: true }])
      rig.events.publish(testCall, { type: 'turn.completed', turn, ...late })
    for (const code of ['response_cancel_not_active', 'invalid_value'])
      rig.events.publish(testCall, { type: 'engine.trouble', code })
    const told = lines()
    assert.equal(told.filter(({ event }) => event === 'turn.completed').length, 2)
    assert.deepEqual(
      told.filter(({ event }) => event === 'engine.trouble').map(({ level, code }) => [level, code]),
      [
        ['debug', 'response_cancel_not_active'],
        ['warn', 'invalid_value']
      ]
    )
  })

  it('gives what an operator looks for', async () => {
    await callThrough()
    const initiated = find('call.initiated')
    assert.deepEqual(
      [initiated?.callerTail, initiated?.calledTail, initiated?.message],
      ['…0142', '…0177', 'Call initiated']
    )
    const requested = find('stream.requested')
    assert.deepEqual(
      [requested?.message, requested?.stream_codec, requested?.stream_track],
      ['Starting media streaming', 'PCMU', 'inbound_track']
    )
    assert.doesNotMatch(String(requested?.streamUrl), /token/)
    assert.equal(find('stream.connected')?.message, 'Media Streaming WebSocket connected')
    assert.equal(find('session.ready')?.message, 'Session initialized')
    assert.deepEqual([find('tool.called')?.level, find('tool.called')?.code], ['warn', 'unknown_tool'])
    assert.deepEqual(
      [find('media.malformed')?.cause, find('engine.trouble')?.code],
      ['not_json', 'rate_limited']
    )
    const ended = find('call.ended')
    assert.deepEqual([ended?.level, ended?.reason], ['info', 'caller_hung_up'])
    assert.equal(typeof ended?.durationMs, 'number')
    assert.equal(find('stream.refused')?.cause, 'malformed')
  })

  it('warns of an end that nobody wished for, and says why an engine failed', async () => {
    const { engine } = rig.openCall()
    await engine.becomeReady()
    engine.emit('failed', new CallError('ENGINE_UNAVAILABLE', SAID, { retryable: true, detail: 'http_503' }))
    await until(() => find('call.ended'), 'the end')
    const failed = find('engine.failed')
    assert.deepEqual(
      [failed?.level, failed?.code, failed?.detail, failed?.retryable],
      ['error', 'ENGINE_UNAVAILABLE', 'http_503', true]
    )
    assert.deepEqual([find('call.ended')?.level, find('call.ended')?.reason], ['warn', 'engine_failed'])
    assert.ok(!text.join('').includes(SAID))
  })
})
