import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { TelnyxCarrier } from '../../../../services/carriers/telnyx/telnyx-carrier.ts'
import { loadConfig, type TelnyxConfig } from '../../../../services/config.ts'
import type { CallError } from '../../../../sessions/errors.ts'
import { type BareServer, startBareServer } from '../../../standins/telnyx/bare-server.ts'
import type { TelnyxCall } from '../../../standins/telnyx/telnyx-call.ts'
import { startTelnyxStandIn, type TelnyxStandIn } from '../../../standins/telnyx/telnyx-standin.ts'

describe('TelnyxCarrier', { timeout: 30_000 }, () => {
  let telnyx: TelnyxStandIn
  let server: BareServer

  beforeEach(async () => {
    server = await startBareServer()
    telnyx = await startTelnyxStandIn({ webhookUrl: server.webhookUrl })
  })

  afterEach(async () => {
    await telnyx.close()
    await server.close()
  })

  function carrierWith(environment: Record<string, string> = {}, overrides: Partial<TelnyxConfig> = {}) {
    const config = loadConfig({
      SERVER_URL: 'https://example.com',
      TELNYX_API_KEY: telnyx.apiKey,
      TELNYX_PUBLIC_KEY: telnyx.publicKey,
      TELNYX_BASE_URL: telnyx.baseUrl,
      ...environment
    }).telnyx as TelnyxConfig
    return new TelnyxCarrier({ ...config, ...overrides })
  }

  async function answered(carrier: TelnyxCarrier): Promise<TelnyxCall> {
    const call = telnyx.placeCall()
    await carrier.answer(call.callControlId)
    await call.waitFor('answered')
    return call
  }

  const stream = () => ({ url: server.streamUrl, token: 'secret.token' })
  const commands = () => telnyx.requests.map(({ command, status }) => `${command} ${status}`)
  const bodyOf = (command: string) =>
    telnyx.requests.find((request) => request.command === command)?.body ?? {}

  it('answers, streams, suppresses noise and hangs up with requests that Telnyx takes', async () => {
    const carrier = carrierWith()
    const call = await answered(carrier)
    await carrier.startStream(call.callControlId, stream())
    await call.waitFor('streaming')
    await carrier.hangUp(call.callControlId)
    assert.equal(call.state, 'ended')
    assert.deepEqual(commands().toSorted(), [
      'answer 200',
      'hangup 200',
      'streaming_start 200',
      'suppression_start 200'
    ])
    const ids = telnyx.requests.map(({ body }) => body.command_id)
    assert.ok(ids.every((id) => typeof id === 'string' && id.length >= 16))
    assert.equal(new Set(ids).size, ids.length)
  })

  it('asks for the stream in the formats, track and legs that were set, and says so without the token', async () => {
    const carrier = carrierWith({
      TELNYX_STREAM_CODEC: 'L16',
      TELNYX_STREAM_SAMPLE_RATE: '16000',
      TELNYX_STREAM_TARGET_LEGS: 'both',
      TELNYX_STREAM_TRACK: 'both_tracks',
      NOISE_SUPPRESSION: 'inbound'
    })
    const call = await answered(carrier)
    const request = await carrier.startStream(call.callControlId, stream())
    const { command_id, ...body } = bodyOf('streaming_start')
    assert.deepEqual(body, {
      stream_url: `${server.streamUrl}&token=secret.token`,
      stream_auth_token: 'secret.token',
      stream_track: 'both_tracks',
      stream_codec: 'L16',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'L16',
      stream_bidirectional_sampling_rate: 16_000,
      stream_bidirectional_target_legs: 'both'
    })
    assert.equal(bodyOf('suppression_start').direction, 'inbound')
    assert.equal(call.noiseSuppression, 'inbound')
    assert.equal(request.streamUrl, server.streamUrl)
    assert.doesNotMatch(JSON.stringify(request), /secret/)
    assert.deepEqual(
      [body.stream_codec, carrier.streamFormat],
      ['L16', { encoding: 'pcm16', sampleRate: 16000 }]
    )
    assert.equal(typeof command_id, 'string')
  })

  for (const codec of ['PCMU', 'PCMA', 'L16']) {
    it(`gets a stream in ${codec} that begins`, async () => {
      const carrier = carrierWith({ TELNYX_STREAM_CODEC: codec })
      const call = await answered(carrier)
      await carrier.startStream(call.callControlId, stream())
      await call.waitFor('streaming')
    })
  }

  it('keeps the query of the media address beside the token', async () => {
    const carrier = carrierWith()
    const call = await answered(carrier)
    const url = 'wss://example.com/media-stream-ws?call_id=v3%3Aone%2B%2F'
    await carrier.startStream(call.callControlId, { url, token: 'a.b_c-d' })
    const sent = new URL(String(bodyOf('streaming_start').stream_url))
    assert.deepEqual(
      [...sent.searchParams],
      [
        ['call_id', 'v3:one+/'],
        ['token', 'a.b_c-d']
      ]
    )
  })

  it('declines a call as busy', async () => {
    const call = telnyx.placeCall()
    await carrierWith().refuse(call.callControlId)
    assert.deepEqual(commands(), ['reject 200'])
    assert.equal(bodyOf('reject').cause, 'USER_BUSY')
    assert.equal(call.state, 'ended')
  })

  it('takes the hang-up of a call that is over for a success', async () => {
    const carrier = carrierWith()
    const call = await answered(carrier)
    call.hangUp()
    await carrier.hangUp(call.callControlId)
    assert.equal(telnyx.requests.at(-1)?.errorCode, '90018')
  })

  it('tells a call that is over from a refusal', async () => {
    const carrier = carrierWith()
    const ringing = telnyx.placeCall()
    ringing.hangUp()
    await assert.rejects(carrier.answer(ringing.callControlId), { code: 'CALL_OVER', retryable: false })
    const call = await answered(carrier)
    call.hangUp()
    await assert.rejects(carrier.startStream(call.callControlId, stream()), { code: 'CALL_OVER' })
  })

  it('does not take any other refusal of a hang-up for a success', async () => {
    await assert.rejects(carrierWith().hangUp('v3:nobody'), { code: 'CARRIER_REFUSED', retryable: false })
  })

  it('names the parameter that Telnyx refused, and none of its prose', async () => {
    const carrier = carrierWith({}, { targetLegs: 'everybody' as TelnyxConfig['targetLegs'] })
    const call = await answered(carrier)
    await assert.rejects(carrier.startStream(call.callControlId, stream()), (error: CallError) => {
      assert.deepEqual(
        [error.code, error.retryable, error.detail],
        ['CARRIER_REFUSED', false, 'stream_bidirectional_target_legs']
      )
      assert.equal(error.message, 'Telnyx refused the request')
      return true
    })
  })

  it('gives the code where Telnyx points at no parameter', async () => {
    const carrier = carrierWith()
    const call = telnyx.placeCall()
    await assert.rejects(carrier.startStream(call.callControlId, stream()), { detail: '90034' })
  })

  it('streams on where noise suppression is refused, and asks for none where it is off', async () => {
    const carrier = carrierWith({}, { noiseSuppression: 'sideways' as TelnyxConfig['noiseSuppression'] })
    const call = await answered(carrier)
    const request = await carrier.startStream(call.callControlId, stream())
    assert.equal(request.streamUrl, server.streamUrl)
    assert.ok(commands().includes('suppression_start 422'))
    await call.waitFor('streaming')

    const quiet = carrierWith({ NOISE_SUPPRESSION: 'off' })
    const other = await answered(quiet)
    await quiet.startStream(other.callControlId, stream())
    const asked = telnyx.requests.filter(({ command }) => command === 'suppression_start')
    assert.deepEqual(
      asked.map(({ callControlId }) => callControlId),
      [call.callControlId]
    )
  })

  it('tries again with the same command_id where Telnyx fails or its reply is lost, and acts once', async () => {
    const call = telnyx.placeCall()
    telnyx.failNext(1, 503, { applied: true })
    await carrierWith().answer(call.callControlId)
    assert.deepEqual(commands(), ['answer 503', 'answer 200'])
    const [first, second] = telnyx.requests
    assert.equal(first.body.command_id, second.body.command_id)
    await call.waitFor('answered')
    await telnyx.webhooksSettled()
    const answers = telnyx.deliveries.filter(({ eventType }) => eventType === 'call.answered')
    assert.equal(answers.length, 1)
  })

  it('says that a refused key will be refused again', async () => {
    const call = telnyx.placeCall()
    const stranger = carrierWith({ TELNYX_API_KEY: 'KEY_WRONG' })
    await assert.rejects(stranger.answer(call.callControlId), {
      code: 'CARRIER_REFUSED',
      retryable: false,
      detail: '10009'
    })
  })

  it('says that Telnyx was out of reach where nobody listens, and that trying again may help', async () => {
    const carrier = carrierWith({ TELNYX_BASE_URL: `http://127.0.0.1:${await closedPort()}/v2` })
    await assert.rejects(carrier.answer('v3:one'), { code: 'CARRIER_UNREACHABLE', retryable: true })
  })
})

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
  })
  return promise
}
