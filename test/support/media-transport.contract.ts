import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import type { SocketLike } from '../../services/carriers/socket-like.ts'
import type {
  MediaStopReason,
  MediaTransport,
  StreamStart
} from '../../sessions/contracts/media-transport.ts'
import { FakeSocket } from './fake-socket.ts'
import { ManualClock } from './manual-clock.ts'

export const IDLE_TIMEOUT_MS = 30_000

/** What a carrier's end of the socket sends, as text or as the object it would be the text of. */
export interface CarrierEnd {
  start(): unknown
  /** Numbered by the carrier, one after the other. */
  media(payload: Uint8Array): unknown
  mark(name: string): unknown
  dtmf(digit: string): unknown
  stop(): unknown
}

export interface TransportCase {
  /** A transport of a PCMU call, whose idle timeout is IDLE_TIMEOUT_MS. */
  attach(socket: SocketLike, clock: ManualClock): MediaTransport
  createCarrier(): CarrierEnd
  readonly carrierCallId: string
  readonly streamId: string
}

/** What every MediaTransport owes to its session, whoever the carrier is. */
export function itIsAMediaTransport(name: string, subject: TransportCase): void {
  function createRig() {
    const clock = new ManualClock()
    const socket = new FakeSocket()
    const transport = subject.attach(socket, clock)
    const carrier = subject.createCarrier()
    const told: string[] = []
    const starts: StreamStart[] = []
    const stops: MediaStopReason[] = []
    transport.on('started', (start) => {
      starts.push(start)
      told.push('started')
    })
    transport.on('audio', (payload) => told.push(`audio ${payload[0]}`))
    transport.on('mark', (mark) => told.push(`mark ${mark}`))
    transport.on('dtmf', (digit) => told.push(`dtmf ${digit}`))
    transport.on('malformed', () => told.push('malformed'))
    transport.on('stopped', (reason) => {
      stops.push(reason)
      told.push(`stopped ${reason}`)
    })
    const receive = (...frames: unknown[]) => {
      for (const frame of frames) socket.receive(frame)
    }
    return { clock, socket, transport, carrier, told, starts, stops, receive }
  }

  const packet = (value: number) => new Uint8Array(160).fill(value)

  describe(`${name} as a MediaTransport`, () => {
    it('tells of the stream once, with its format and whose it is', () => {
      const { carrier, receive, starts } = createRig()
      receive(carrier.start())
      const { carrierCallId, streamId } = subject
      assert.deepEqual(starts, [{ inboundFormat: PCMU_8K, carrierCallId, streamId }])
    })

    it('delivers the caller’s audio byte by byte, in order, with what comes between', () => {
      const { carrier, receive, told, transport } = createRig()
      const heard: Buffer[] = []
      transport.on('audio', (payload) => heard.push(Buffer.from(payload)))
      receive(carrier.start(), carrier.media(packet(1)), carrier.dtmf('5'), carrier.media(packet(2)))
      assert.deepEqual(told, ['started', 'audio 1', 'dtmf 5', 'audio 2'])
      assert.deepEqual(heard, [Buffer.from(packet(1)), Buffer.from(packet(2))])
    })

    it('sends audio, marks and clears in their order, and has taken the audio when it returns', () => {
      const { carrier, receive, socket, transport } = createRig()
      receive(carrier.start())
      const payload = packet(7)
      transport.send(payload)
      payload.fill(8)
      transport.mark('reply "1" end')
      transport.clear()
      const [media, mark, clear] = socket.frames as Record<string, Record<string, string>>[]
      assert.deepEqual(Buffer.from(media.media.payload, 'base64'), Buffer.from(packet(7)))
      assert.deepEqual([media.event, mark.event, clear.event], ['media', 'mark', 'clear'])
      assert.equal(mark.mark && (mark.mark as { name?: string }).name, 'reply "1" end')
    })

    it('tells which mark came back by the name that it was sent with', () => {
      const { carrier, receive, told } = createRig()
      receive(carrier.start(), carrier.mark('reply "1" end'))
      assert.deepEqual(told.at(-1), 'mark reply "1" end')
    })

    it('stops when the carrier says so, exactly once and last', () => {
      const { carrier, clock, receive, socket, stops, told, transport } = createRig()
      receive(
        carrier.start(),
        carrier.stop(),
        carrier.media(packet(1)),
        carrier.mark('m'),
        'x',
        carrier.stop()
      )
      socket.emit('close', 1000)
      transport.close()
      clock.advance(2 * IDLE_TIMEOUT_MS)
      assert.deepEqual(stops, ['stop'])
      assert.deepEqual(told, ['started', 'stopped stop'])
      assert.equal(clock.pending, 0)
    })

    it('can be closed twice, and nothing is sent or told after the first', () => {
      const { carrier, clock, receive, socket, told, transport } = createRig()
      receive(carrier.start())
      transport.close()
      transport.close()
      transport.send(packet(1))
      transport.mark('m')
      transport.clear()
      receive(carrier.media(packet(1)), carrier.stop())
      socket.emit('close', 1000)
      assert.deepEqual(told, ['started', 'stopped closed_by_us'])
      assert.deepEqual(socket.sent, [])
      assert.deepEqual(socket.closes, [{ code: 1000, reason: undefined }])
      assert.equal(clock.pending, 0)
    })

    it('tells nothing more to a listener that closes it', () => {
      const { carrier, receive, told, transport } = createRig()
      transport.on('audio', () => transport.close())
      receive(carrier.start(), carrier.media(packet(1)), carrier.media(packet(2)), carrier.media(packet(3)))
      assert.deepEqual(told, ['started', 'audio 1', 'stopped closed_by_us'])
    })

    it('tells a socket that went without a word', () => {
      const { carrier, receive, socket, stops } = createRig()
      receive(carrier.start())
      socket.emit('close', 1006)
      assert.deepEqual(stops, ['socket_closed'])
    })

    it('skips 19 frames that it can’t read, binary ones too, and closes with 1008 at the 20th', () => {
      const { carrier, receive, socket, stops, told } = createRig()
      receive(carrier.start())
      for (let count = 0; count < 18; count++) receive('{')
      socket.emit('message', Buffer.from('{"event":"stop"}'), true)
      receive(carrier.media(packet(1)))
      assert.deepEqual([stops, told.at(-1)], [[], 'audio 1'])
      receive('[]')
      assert.deepEqual(stops, ['protocol_error'])
      assert.deepEqual(socket.closes, [{ code: 1008, reason: 'protocol_error' }])
      assert.equal(told.filter((text) => text === 'malformed').length, 20)
    })

    it('gives up after 30 s without a frame, and not while there are any', () => {
      const { carrier, clock, receive, socket, stops } = createRig()
      receive(carrier.start())
      for (let times = 0; times < 3; times++) {
        clock.advance(IDLE_TIMEOUT_MS - 1)
        receive(carrier.media(packet(1)))
      }
      assert.deepEqual(stops, [])
      clock.advance(IDLE_TIMEOUT_MS)
      assert.deepEqual(stops, ['idle'])
      assert.deepEqual(socket.closes, [{ code: 1008, reason: 'idle' }])
    })

    it('gives up a peer that takes nothing any more, and survives an error of its socket', () => {
      const { carrier, receive, socket, transport } = createRig()
      receive(carrier.start())
      socket.emit('error', new Error('reset'))
      assert.equal(socket.terminated, 1)
      socket.readyState = 1
      socket.bufferedAmount = 5_000_000
      transport.send(packet(1))
      assert.deepEqual([socket.terminated, socket.sent], [2, []])
    })
  })
}
