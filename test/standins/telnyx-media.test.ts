import assert from 'node:assert/strict'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, it } from 'node:test'
import alawmulaw from 'alawmulaw'
import Telnyx from 'telnyx'
import { sine } from '../support/tone.ts'
import { type BareServer, startBareServer } from './telnyx/bare-server.ts'
import type { TelnyxCall } from './telnyx/telnyx-call.ts'
import { type PlacedCall, startTelnyxStandIn, type TelnyxStandIn } from './telnyx/telnyx-standin.ts'

/** How much later than its due time something may be seen, besides what the event loop itself was late. */
const LATE_MS = 25

type StreamParams = Telnyx.Calls.ActionStartStreamingParams

describe('media of the Telnyx stand-in', () => {
  const loopDelay = monitorEventLoopDelay({ resolution: 5 })
  let server: BareServer
  let standIn: TelnyxStandIn

  beforeEach(async () => {
    loopDelay.reset()
    loopDelay.enable()
    server = await startBareServer()
    standIn = await startTelnyxStandIn({ webhookUrl: server.webhookUrl })
  })

  afterEach(async () => {
    loopDelay.disable()
    await standIn.close()
    await server.close()
  })

  function allowedMs(): number {
    return LATE_MS + loopDelay.max / 1e6
  }

  async function requestStream(
    placed: PlacedCall = {},
    stream: Partial<StreamParams> = {}
  ): Promise<TelnyxCall> {
    const telnyx = new Telnyx({ apiKey: standIn.apiKey, baseURL: standIn.baseUrl, maxRetries: 0 })
    const call = standIn.placeCall(placed)
    await telnyx.calls.actions.answer(call.callControlId, {})
    await call.waitFor('answered')
    await telnyx.calls.actions.startStreaming(call.callControlId, {
      stream_url: server.streamUrl,
      stream_auth_token: 'token-1',
      stream_track: 'inbound_track',
      stream_codec: 'PCMU',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_target_legs: 'self',
      ...stream
    })
    return call
  }

  async function streamingCall(
    placed: PlacedCall = {},
    stream: Partial<StreamParams> = {}
  ): Promise<TelnyxCall> {
    const call = await requestStream(placed, stream)
    await call.waitFor('streaming')
    await server.waitForFrames('start', standIn.calls.length)
    return call
  }

  it('sends connected, start and then a packet every 20 ms, silence included', async () => {
    const call = await streamingCall()
    const media = await server.waitForFrames('media', 11)
    assert.deepEqual(
      server.frames.slice(0, 3).map(({ event }) => event),
      ['connected', 'start', 'media']
    )
    const { start, stream_id } = server.framesOf('start')[0]!.frame
    assert.equal(start.call_control_id, call.callControlId)
    assert.deepEqual(start.media_format, { encoding: 'PCMU', sample_rate: 8000, channels: 1 })
    assert.deepEqual(
      media.slice(0, 3).map(({ frame }) => frame.media.chunk),
      ['1', '2', '3']
    )
    assert.ok(media.every(({ frame }) => frame.stream_id === stream_id && frame.media.track === 'inbound'))
    assert.ok(media.every(({ frame }) => Buffer.from(frame.media.payload, 'base64').length === 160))
    const spanMs = media[10]!.at - media[0]!.at
    assert.ok(Math.abs(spanMs - 200) < allowedMs(), `10 packets took ${spanMs} ms`)
  })

  it('presents the token in the header of the upgrade and in connected', async () => {
    await streamingCall()
    assert.equal(server.upgrades[0]!.headers['x-telnyx-streaming-auth-token'], 'token-1')
    assert.equal(server.upgrades[0]!.url, '/media?call_id=1')
    const { connected } = server.framesOf('connected')[0]!.frame
    assert.deepEqual(connected, { 'x-telnyx-streaming-auth-token': 'token-1' })
  })

  it('carries what the caller says at the moment that it is said', async () => {
    const call = await streamingCall()
    const said = tone(400)
    await server.waitForFrames('media', 3)
    call.say(said)
    const from = call.stream.callerPosition()
    const media = await server.waitForFrames('media', 30)
    const received = Buffer.concat(media.map(({ frame }) => Buffer.from(frame.media.payload, 'base64')))
    const start = received.findIndex((code) => code !== 0xff)
    assert.ok(Math.abs(start - from) <= 160, `said at sample ${from}, sent at ${start}`)
    assert.deepEqual([...received.subarray(start, start + said.length - 1)], [...encode(said.subarray(1))])
    assert.deepEqual(call.spoken.subarray(start - 1, start - 1 + said.length), said)
  })

  it('plays what it is sent sample for sample, in real time, and then returns the mark', async () => {
    const call = await streamingCall()
    const payload = encode(tone(300))
    const sentAt = performance.now()
    server.sendMedia(payload)
    server.send({ event: 'mark', mark: { name: 'end' } })
    const [mark] = await server.waitForFrames('mark')
    const waitedMs = mark!.at - sentAt
    assert.equal(mark!.frame.mark.name, 'end')
    assert.ok(waitedMs > 299 && waitedMs < 300 + allowedMs(), `the mark came after ${waitedMs} ms`)
    const [message] = call.playout.messages
    const from = Math.round(message!.playedFromMs * 8)
    assert.deepEqual(call.heard.subarray(from, from + 2400), Int16Array.from(alawmulaw.mulaw.decode(payload)))
    assert.ok(call.heard.subarray(0, from).every((sample) => sample === 0))
    assert.equal(call.heardMs, 300)
  })

  it('plays messages one after the other, and silence where it runs dry', async () => {
    const call = await streamingCall()
    server.sendMedia(encode(tone(40)))
    server.sendMedia(encode(tone(60)))
    await call.waitForHeard(100)
    await server.waitForFrames('media', server.framesOf('media').length + 3)
    server.sendMedia(encode(tone(20)))
    await call.waitForHeard(120)
    const [first, second, third] = call.playout.messages
    assert.equal(second!.playedFromMs, first!.playedFromMs + 40)
    assert.ok(third!.playedFromMs > second!.playedFromMs + 60 + 20)
    assert.equal(call.heardMs, 120)
  })

  it('returns a mark at once when nothing is queued', async () => {
    await streamingCall()
    const sentAt = performance.now()
    server.send({ event: 'mark', mark: { name: 'idle' } })
    const [mark] = await server.waitForFrames('mark')
    assert.ok(mark!.at - sentAt < allowedMs())
  })

  it('stops at once at a clear, forgets the rest, and sends all pending marks back', async () => {
    const call = await streamingCall()
    server.sendMedia(encode(tone(1000)))
    server.send({ event: 'mark', mark: { name: 'a' } })
    server.sendMedia(encode(tone(1000)))
    server.send({ event: 'mark', mark: { name: 'b' } })
    await call.waitForHeard(200)
    const clearedAt = performance.now()
    server.send({ event: 'clear' })
    const marks = await server.waitForFrames('mark', 2)
    assert.deepEqual(
      marks.map(({ frame }) => frame.mark.name),
      ['a', 'b']
    )
    assert.ok(marks[1]!.at - clearedAt < allowedMs())
    assert.ok(call.playout.marks.every(({ cleared }) => cleared))
    const [first, second] = call.playout.messages
    assert.ok(first!.playedMs >= 200 && first!.playedMs < 260 + allowedMs(), `${first!.playedMs} ms`)
    assert.equal(second!.playedMs, 0)
    await server.waitForFrames('media', server.framesOf('media').length + 3)
    assert.equal(call.heardMs, first!.playedMs)
    const end = Math.round((first!.playedFromMs + first!.playedMs) * 8)
    assert.ok(call.heard.subarray(end).every((sample) => sample === 0))
  })

  it('answers audio of less than 20 ms, or that is not base64, with an error frame, and does not play it', async () => {
    const call = await streamingCall()
    server.sendMedia(encode(tone(20)).subarray(1))
    server.send({ event: 'media', media: { payload: 'not base64!!' } })
    server.send('{"event":')
    server.send({ event: 'mark', mark: {} })
    const errors = await server.waitForFrames('error', 4)
    assert.deepEqual(
      errors.map(({ frame }) => frame.payload.code),
      [100_004, 100_004, 100_003, 100_003]
    )
    assert.equal(call.playout.messages.length, 0)
  })

  it('discards binary frames without a word', async () => {
    const call = await streamingCall()
    server.sendBinary(encode(tone(100)))
    server.send({ event: 'mark', mark: { name: 'after' } })
    await server.waitForFrames('mark')
    assert.equal(call.stream.binaryFrames, 1)
    assert.equal(call.playout.messages.length, 0)
    assert.equal(server.framesOf('error').length, 0)
  })

  it('takes no raw audio in mp3 mode, and plays nothing to the caller with target legs opposite', async () => {
    await streamingCall({}, { stream_bidirectional_mode: undefined })
    server.sendMedia(encode(tone(100)))
    const [error] = await server.waitForFrames('error')
    assert.equal(error!.frame.payload.code, 100_004)

    const deaf = await streamingCall({}, { stream_bidirectional_target_legs: undefined })
    server.sendMedia(encode(tone(100)))
    server.send({ event: 'mark', mark: { name: 'unheard' } })
    await server.waitForFrames('mark')
    assert.equal(deaf.heardMs, 0)
  })

  it('speaks L16 in either byte order at the rate asked for, and the codec of the call where it cannot transcode', async () => {
    const asked: Partial<StreamParams> = {
      stream_codec: 'L16',
      stream_bidirectional_codec: 'L16',
      stream_bidirectional_sampling_rate: 24_000
    }
    const call = await streamingCall({ byteOrder: 'be' }, asked)
    assert.equal(server.framesOf('start')[0]!.frame.start.media_format.sample_rate, 24_000)
    const samples = Int16Array.from({ length: 480 }, (_, i) => i * 50 + 1)
    const payload = Buffer.from(samples.slice().buffer).swap16()
    server.sendMedia(payload)
    await call.waitForHeard(20)
    const from = Math.round(call.playout.messages[0]!.playedFromMs * 24)
    assert.deepEqual(call.heard.subarray(from, from + 480), samples)

    await streamingCall(
      { callCodec: 'PCMA', inboundInstead: { encoding: 'PCMA', sampleRateHz: 8000 } },
      asked
    )
    const { media_format } = server.framesOf('start')[1]!.frame.start
    assert.deepEqual(media_format, { encoding: 'PCMA', sample_rate: 8000, channels: 1 })
  })

  it('delays frames both ways by the network delay', async () => {
    await streamingCall({ networkDelayMs: 60 })
    const sentAt = performance.now()
    server.send({ event: 'mark', mark: { name: 'echo' } })
    const [mark] = await server.waitForFrames('mark')
    const roundTripMs = mark!.at - sentAt
    assert.ok(roundTripMs >= 118 && roundTripMs < 120 + allowedMs(), `${roundTripMs} ms`)
  })

  it('reorders, duplicates and drops packets, and sends odd sizes, when told to', async () => {
    await streamingCall({ reorderEvery: 5, duplicateEvery: 7, dropEvery: 11, packetBytes: [156, 164] })
    const media = await server.waitForFrames('media', 12)
    assert.deepEqual(
      media.slice(0, 12).map(({ frame }) => Number(frame.media.chunk)),
      [1, 2, 3, 4, 6, 5, 7, 7, 8, 9, 12, 10]
    )
    assert.equal(Buffer.from(media[0]!.frame.media.payload, 'base64').length, 156)
    assert.equal(Buffer.from(media[1]!.frame.media.payload, 'base64').length, 164)
  })

  it('lets media overtake start, and sends media of both tracks, when told to', async () => {
    await streamingCall({ framesBeforeStart: 2 }, { stream_track: 'both_tracks' })
    server.sendMedia(encode(tone(100)))
    await server.waitForFrames('media', 16)
    const order = server.frames.slice(1, 6).map(({ event }) => event)
    assert.equal(order.indexOf('start'), order.lastIndexOf('start'))
    assert.ok(order.indexOf('start') >= 2)
    const outbound = server.framesOf('media').filter(({ frame }) => frame.media.track === 'outbound')
    const heard = outbound.some(({ frame }) =>
      Buffer.from(frame.media.payload, 'base64').some((code) => code !== 0xff)
    )
    assert.ok(heard, 'the outbound track mirrors the agent')
  })

  it('sends a pressed key, a second start and any text by hand', async () => {
    const call = await streamingCall()
    call.sendDtmf('7')
    call.stream.sendStart()
    call.stream.sendRaw('{"event":"mark","mark":{"name":"made up"}}')
    const [dtmf] = await server.waitForFrames('dtmf')
    assert.equal(dtmf!.frame.dtmf.digit, '7')
    await server.waitForFrames('start', 2)
    const [mark] = await server.waitForFrames('mark')
    assert.equal(mark!.frame.mark.name, 'made up')
  })

  it('falls silent on the wire when told to, and leaves the time of the gap out', async () => {
    const call = await streamingCall()
    await server.waitForFrames('media', 3)
    call.stream.pause()
    const sent = call.stream.voice.position
    await call.until(() => call.stream.callerPosition() > sent + 8 * 200, '200 ms to go by')
    assert.equal(call.stream.voice.position, sent)
    const before = server.framesOf('media').length
    call.stream.resume()
    const media = await server.waitForFrames('media', before + 1)
    const gapMs = (Number(media[before]!.frame.media.timestamp) - sent) / 8
    assert.ok(gapMs >= 200, `${gapMs} ms are missing`)
    assert.equal(Number(media[before]!.frame.media.chunk), before + 1)
  })

  it('accounts for what is heard without keeping it, when told to', async () => {
    const call = await streamingCall({ record: false })
    for (let i = 0; i < 3; i++) server.sendMedia(encode(tone(1000)))
    await call.waitForHeard(2200)
    assert.ok(call.heard.subarray(0, 8000).every((sample) => sample === 0))
    assert.equal(call.playout.messages[2]!.playedMs, 1000)
  })

  it('says stop and closes when the caller hangs up, and says nothing when the socket breaks', async () => {
    const call = await streamingCall()
    call.hangUp()
    const [stop] = await server.waitForFrames('stop')
    assert.equal(stop!.frame.stop.call_control_id, call.callControlId)
    const [hangup] = await server.waitForWebhooks('call.hangup')
    assert.equal(hangup!.payload.hangup_source, 'caller')
    assert.equal(hangup!.payload.hangup_cause, 'normal_clearing')

    const broken = await streamingCall()
    broken.stream.drop()
    await broken.waitFor('streaming-stopped')
    await server.waitForWebhooks('streaming.stopped', 2)
    assert.equal(server.framesOf('stop').length, 1)
  })

  it('reports a refused upgrade by streaming.failed', async () => {
    server.refuseUpgrades = true
    const call = await requestStream()
    await call.waitFor('streaming-failed')
    const [failed] = await server.waitForWebhooks('streaming.failed')
    assert.match(String(failed!.payload.failure_reason), /401/)
  })
})

function tone(ms: number): Int16Array {
  return sine({ frequencyHz: 440, sampleRate: 8000, ms })
}

function encode(samples: Int16Array): Uint8Array {
  return alawmulaw.mulaw.encode(samples)
}
