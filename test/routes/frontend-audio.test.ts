import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { WebSocket } from 'ws'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { turns, until } from '../support/until.ts'

const CONNECTED = {
  event: 'connected',
  message: 'Connected to audio stream',
  config: { format: 'PCMU', sampleRate: 8000, channels: 1 }
}
const START = {
  event: 'start',
  stream_id: 's',
  start: { media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 } }
}

interface Message {
  event: string
  stream_id: string
  call_id: string
  start: unknown
  media: { track: string; chunk: number; timestamp: number; payload: string }
}

let rig: RouteRig

/** A listener, and everything that it is sent. */
async function listen(path: string): Promise<{ socket: WebSocket; messages: Message[] }> {
  const socket = rig.connect(path)
  const messages: Message[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  await until(() => messages.length > 0, 'the first message')
  return { socket, messages }
}

/** A call whose media socket is open, and whose caller can be made to speak. */
async function callWithMedia() {
  const opened = rig.openCall()
  await opened.engine.becomeReady()
  const socket = rig.connect(opened.path(rig.tokens.mint(opened.call.callId)))
  await once(socket, 'open')
  socket.send(JSON.stringify(START))
  await until(() => rig.published.some(isStreamOf(opened.call.callId)), 'the stream')

  function speak(code: number): void {
    const payload = Buffer.alloc(160, code).toString('base64')
    socket.send(JSON.stringify({ event: 'media', media: { track: 'inbound', payload } }))
  }
  return { ...opened, socket, speak }
}

function isStreamOf(callId: string) {
  return ({ call, event }: { call: { callId: string }; event: { type: string } }) =>
    call.callId === callId && event.type === 'stream.connected'
}

function mediaOf(messages: Message[]) {
  return messages.filter(({ event }) => event === 'media')
}

describe('live listening', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  it('takes the operator token only, and limits who guesses', async () => {
    const { call } = rig.openCall()
    assert.equal(await rig.upgradeStatus(`/frontend-audio?token=${OPERATOR_TOKEN}`), 101)
    assert.equal(
      await rig.upgradeStatus('/frontend-audio', { authorization: `Bearer ${OPERATOR_TOKEN}` }),
      101
    )
    assert.equal(await rig.upgradeStatus('/frontend-audio'), 401)
    assert.equal(await rig.upgradeStatus(`/frontend-audio?token=${rig.tokens.mint(call.callId)}`), 401)
    for (let attempt = 0; attempt < 18; attempt++)
      assert.equal(await rig.upgradeStatus('/frontend-audio?token=wrong'), 401)
    assert.equal(await rig.upgradeStatus(`/frontend-audio?token=${OPERATOR_TOKEN}`), 429)
  })

  it('names the tracks where another is asked for', async () => {
    const response = await rig.app.inject(`/frontend-audio?token=${OPERATOR_TOKEN}&track=left`)
    assert.equal(response.statusCode, 400)
    assert.match(response.json().message, /inbound, outbound, both/)
    assert.equal((await rig.app.inject(`/frontend-audio?token=${OPERATOR_TOKEN}`)).statusCode, 426)
  })

  it('says what it sends, then starts with the call, plays the caller and stops with the call', async () => {
    const { messages } = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}`)
    assert.deepEqual(messages, [CONNECTED])
    const { call, session, speak } = await callWithMedia()
    speak(0x21)
    speak(0x22)
    await until(() => mediaOf(messages).length === 2, 'two frames')
    await session?.end('operator')
    await until(() => messages.at(-1)?.event === 'stop', 'the stop')
    const streamId = messages[1].stream_id
    assert.deepEqual(messages[1], {
      event: 'start',
      stream_id: streamId,
      call_id: call.callId,
      start: { media_format: 'audio/PCMU', sample_rate: 8000, channels: 1 }
    })
    const payloads = [0x21, 0x22].map((code) => Buffer.alloc(160, code).toString('base64'))
    assert.deepEqual(messages.slice(2), [
      {
        event: 'media',
        stream_id: streamId,
        media: { track: 'inbound', chunk: 1, timestamp: 0, payload: payloads[0] }
      },
      {
        event: 'media',
        stream_id: streamId,
        media: { track: 'inbound', chunk: 2, timestamp: 20, payload: payloads[1] }
      },
      { event: 'stop', stream_id: streamId }
    ])
  })

  it('joins a call that is live already', async () => {
    const { call, speak } = await callWithMedia()
    speak(0x20)
    const { messages } = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}`)
    await until(() => messages.length === 2, 'the start')
    assert.equal(messages[1].call_id, call.callId)
    speak(0x21)
    await until(() => mediaOf(messages).length > 0, 'a frame')
  })

  it('plays both tracks of every call, or the one call that was asked for', async () => {
    const all = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}&track=both`)
    const first = await callWithMedia()
    const second = await callWithMedia()
    const one = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}&call_id=${second.call.callId}`)
    first.speak(0x31)
    second.speak(0x32)
    await until(() => mediaOf(all.messages).length === 4, 'two tracks of two calls')
    await until(() => mediaOf(one.messages).length === 1, 'one track of one call')
    await turns()
    const tracks = mediaOf(all.messages).map(({ stream_id, media }) => `${stream_id} ${media.track}`)
    assert.equal(new Set(tracks).size, 4)
    assert.equal(mediaOf(one.messages)[0].media.payload, Buffer.alloc(160, 0x32).toString('base64'))
    assert.equal(one.messages.filter(({ event }) => event === 'start').length, 1)
  })

  it('is nothing to a call once the listener has gone', async () => {
    const { session, speak, engine } = await callWithMedia()
    const { socket } = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}&track=both`)
    await until(() => session?.taps.wants('outbound'), 'the tap')
    const subscribers = rig.subscribers.size
    socket.terminate()
    await until(() => !session?.taps.wants('inbound') && !session?.taps.wants('outbound'), 'no tap')
    assert.equal(rig.subscribers.size, subscribers - 1)
    speak(0x21)
    await until(() => engine.heardFromCaller.length > 0, 'the frame at the engine')
  })

  it('loses a listener that reads nothing, and neither the call nor the others', async () => {
    const { session, engine, speak } = await callWithMedia()
    const stalled = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}`)
    const other = await listen(`/frontend-audio?token=${OPERATOR_TOKEN}`)
    await until(() => other.messages.length === 2, 'the start')
    stalled.socket.pause()
    const audio = { payload: new Uint8Array(60_000), format: { encoding: 'pcmu', sampleRate: 8000 } as const }
    for (let frame = 0; frame < 400; frame++) {
      session?.taps.publish('inbound', { ...audio, positionMs: frame })
      const { length } = mediaOf(other.messages)
      await until(
        () => mediaOf(other.messages).length >= Math.min(length + 1, frame + 1),
        'the other listener'
      )
    }
    rig.clock.advance(10_000)
    session?.taps.publish('inbound', { ...audio, positionMs: 400 })
    stalled.socket.resume()
    const [code] = await once(stalled.socket, 'close')
    assert.equal(code, 1008)
    assert.ok(
      mediaOf(stalled.messages).length < 300,
      `${mediaOf(stalled.messages).length} frames were buffered`
    )
    await until(() => mediaOf(other.messages).length === 401, 'every frame at the other listener')
    speak(0x21)
    await until(() => engine.heardFromCaller.length > 0, 'the frame at the engine')
  })
})

describe('/audio-stream', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  it('greets the operator, and then is live listening', async () => {
    const { messages } = await listen(`/audio-stream?token=${OPERATOR_TOKEN}`)
    await until(() => messages.length === 2, 'both greetings')
    assert.deepEqual(messages, [{ version: '1.0.0', event: 'connected' }, CONNECTED])
    const { speak } = await callWithMedia()
    speak(0x21)
    await until(() => mediaOf(messages).length === 1, 'a frame')
  })

  it('is the media socket of a call to who brings its token, once', async () => {
    const { call, session, engine } = rig.openCall()
    await engine.becomeReady()
    const address = `/audio-stream?call_id=${call.callId}&token=${rig.tokens.mint(call.callId)}`
    const socket = rig.connect(address)
    await once(socket, 'open')
    socket.send(JSON.stringify(START))
    socket.send(
      JSON.stringify({
        event: 'media',
        media: { track: 'inbound', payload: Buffer.alloc(160, 5).toString('base64') }
      })
    )
    await until(() => engine.heardFromCaller.length > 0, 'the frame at the engine')
    assert.equal(session?.connected, true)
    assert.equal(await rig.upgradeStatus(address), 401)
  })

  it('answers 401 to any other token, and lets nobody guess the operator token there', async () => {
    for (let attempt = 0; attempt < 20; attempt++)
      assert.equal(await rig.upgradeStatus('/audio-stream?token=wrong'), 401)
    assert.equal(await rig.upgradeStatus(`/audio-stream?token=${OPERATOR_TOKEN}`), 429)
    const { call } = rig.openCall()
    const token = rig.tokens.mint(call.callId)
    assert.equal(await rig.upgradeStatus(`/audio-stream?call_id=${call.callId}&token=${token}`), 101)
  })
})
