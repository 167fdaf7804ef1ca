import { EventEmitter } from 'node:events'
import { type AudioFormat, bytesPerMs } from '../../../audio/format.ts'
import { type ByteOrder, swapBytes16 } from '../../../audio/l16-byte-order.ts'
import { L16Reader } from '../../../audio/l16-reader.ts'
import { ReorderBuffer } from '../../../audio/reorder-buffer.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import type {
  MediaStopReason,
  MediaTransport,
  MediaTransportEvents,
  StreamStart
} from '../../../sessions/contracts/media-transport.ts'
import type { TextTaker } from '../../sockets/message-lane.ts'
import { MEDIA_FRAMES } from '../media-frame.ts'
import { MediaSocket } from '../media-socket.ts'
import type { SocketLike } from '../socket-like.ts'
import {
  announcedFormat,
  announcedName,
  CLEAR_FRAME,
  markFrame,
  mediaFrame,
  type TelnyxFrame
} from './telnyx-messages.ts'

/** Longest audio of one message; Telnyx takes 20 ms to 30 s. */
const MESSAGE_LIMIT_MS = 1000
/** The first stream whose byte order is open is listened to for at most this long before the agent speaks. */
const PROBE_LIMIT_MS = 250
/** A caller who is quiet this long tells nothing about the byte order. */
const QUIET_FRAMES = 3
/** Frames that overtook `start` are kept for it: a second of them. */
const EARLY_FRAMES = 50

/** Of L16: what to presume until the audio has shown it, and whether an earlier stream has shown it. */
export interface PresumedByteOrder {
  current: ByteOrder
  known: boolean
}

export interface TelnyxMediaTransportOptions {
  readonly socket: SocketLike
  readonly clock: Clock
  /** What the agent's audio was asked to be sent as. */
  readonly outboundFormat: AudioFormat
  readonly l16ByteOrder: ByteOrder | 'auto'
  /** Counts with `auto`. */
  readonly presumedByteOrder: PresumedByteOrder
  readonly idleTimeoutMs: number
}

/** The media leg of a Telnyx call. Listeners are attached to the socket at once, so that no frame is missed. */
export class TelnyxMediaTransport
  extends EventEmitter<MediaTransportEvents>
  implements MediaTransport, TextTaker
{
  readonly outboundFormat: AudioFormat
  readonly #socket: MediaSocket<TelnyxFrame>
  readonly #clock: Clock
  readonly #l16: L16Reader
  readonly #presumedByteOrder: TelnyxMediaTransportOptions['presumedByteOrder']
  readonly #reorder = new ReorderBuffer<Buffer>({
    deliver: (payload) => this.#deliver(payload),
    onMissing: (frames) => this.emit('missing', frames)
  })
  #inboundFormat: AudioFormat | null = null
  #early: { chunk: number; payload: Buffer }[] = []
  /** A stream that has begun and is listened to for its byte order before anybody is told. */
  #probe: { start: StreamStart; heard: Uint8Array[]; quietFrames: number; cancel: () => void } | null = null

  constructor(options: TelnyxMediaTransportOptions) {
    super()
    this.#clock = options.clock
    this.outboundFormat = options.outboundFormat
    this.#presumedByteOrder = options.presumedByteOrder
    this.#l16 = new L16Reader({
      order: options.l16ByteOrder,
      presumed: options.presumedByteOrder.current,
      deliver: (payload) => {
        if (this.#probe) this.#probe.heard.push(payload)
        else this.emit('audio', payload)
      }
    })
    this.#socket = new MediaSocket({
      socket: options.socket,
      clock: options.clock,
      idleTimeoutMs: options.idleTimeoutMs,
      taker: this,
      onFrame: (frame) => this.#onFrame(frame),
      onMalformed: (cause) => this.emit('malformed', cause),
      onStopped: (reason) => this.#onStopped(reason)
    })
  }

  get receivedAt(): number {
    return this.#socket.receivedAt
  }

  /** Of the socket's messages: audio that can be read from its bytes. */
  take(data: Buffer, start: number, end: number): boolean {
    const payload = MEDIA_FRAMES.read(data, start, end)
    if (!payload) return false
    const { chunk, outbound } = MEDIA_FRAMES
    if (outbound) return true
    // Nearly always: what has to wait is kept in memory of its own.
    const readable =
      this.#inboundFormat !== null && (this.#inboundFormat.encoding !== 'pcm16' || this.#l16.decided)
    if (readable && this.#reorder.passes(chunk)) this.#deliver(payload)
    else this.#take(chunk, Buffer.from(payload))
    return true
  }

  send(payload: Uint8Array): void {
    const limit = MESSAGE_LIMIT_MS * bytesPerMs(this.outboundFormat)
    for (let start = 0; start < payload.byteLength; start += limit) {
      this.#sendMedia(payload.subarray(start, start + limit))
    }
  }

  mark(name: string): void {
    this.#socket.send(markFrame(name))
  }

  clear(): void {
    this.#socket.send(CLEAR_FRAME)
  }

  close(): void {
    this.#socket.close()
  }

  #sendMedia(payload: Uint8Array): void {
    const bigEndian = this.outboundFormat.encoding === 'pcm16' && this.#l16.order === 'be'
    const bytes = bigEndian ? swapBytes16(payload) : payload
    this.#socket.send(mediaFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
  }

  #onFrame(frame: TelnyxFrame): void {
    switch (frame.event) {
      case 'media':
        return this.#onMedia(frame)
      case 'mark':
        if (typeof frame.mark?.name === 'string') this.emit('mark', frame.mark.name)
        else this.#socket.malformed('mark_without_name')
        return
      case 'start':
        return this.#onStart(frame)
      case 'dtmf':
        if (typeof frame.dtmf?.digit === 'string') this.emit('dtmf', frame.dtmf.digit)
        else this.#socket.malformed('dtmf_without_digit')
        return
      case 'stop':
        return this.#socket.stop('stop')
      case 'error':
        this.emit('malformed', `carrier_error_${String(frame.payload?.code ?? 'unknown')}`)
        return
      case 'connected':
        return
      default:
        if (typeof frame.event !== 'string') this.#socket.malformed('no_event')
    }
  }

  #onStart(frame: TelnyxFrame): void {
    if (!frame.start) return this.#socket.malformed('start_without_fields')
    const format = announcedFormat(frame.start)
    if (!format) {
      this.emit('malformed', `unsupported_media_${announcedName(frame.start)}`)
      return this.#socket.refuse('unsupported_media')
    }
    const id = frame.start.call_control_id
    this.#inboundFormat = format
    this.#reorder.reset()
    const start = {
      inboundFormat: format,
      carrierCallId: typeof id === 'string' ? id : null,
      streamId: typeof frame.stream_id === 'string' ? frame.stream_id : null
    }
    const orderMatters = format.encoding === 'pcm16' && !this.#l16.decided && !this.#presumedByteOrder.known
    if (!orderMatters) {
      this.#endProbe()
      this.emit('started', start)
    } else if (this.#probe) {
      this.#probe.start = start
    } else {
      const cancel = this.#clock.after(PROBE_LIMIT_MS, () => this.#endProbe())
      this.#probe = { start, heard: [], quietFrames: 0, cancel }
    }
    const early = this.#early
    this.#early = []
    for (const { chunk, payload } of early) this.#reorder.push(chunk, payload)
  }

  /** The byte order is known, or can't be: what is sent from here on is sent in it. */
  #endProbe(): void {
    const probe = this.#probe
    if (!probe) return
    probe.cancel()
    this.#probe = null
    this.emit('started', probe.start)
    for (const payload of probe.heard) if (!this.#socket.stopped) this.emit('audio', payload)
  }

  #onMedia({ media }: TelnyxFrame): void {
    if (typeof media?.payload !== 'string') return this.#socket.malformed('media_without_payload')
    if (media.track === 'outbound') return
    const payload = Buffer.from(media.payload, 'base64')
    if (payload.byteLength === 0) return this.#socket.malformed('media_not_base64')
    this.#take(Number(media.chunk ?? Number.NaN), payload)
  }

  #take(chunk: number, payload: Buffer): void {
    if (this.#inboundFormat) this.#reorder.push(chunk, payload)
    else if (this.#early.length < EARLY_FRAMES) this.#early.push({ chunk, payload })
  }

  #deliver(payload: Buffer): void {
    const format = this.#inboundFormat
    if (!format || this.#socket.stopped) return
    if (format.encoding !== 'pcm16') {
      this.emit('audio', payload)
      return
    }
    this.#l16.push(payload)
    if (this.#l16.decided) {
      this.#presumedByteOrder.current = this.#l16.order
      this.#presumedByteOrder.known = true
    }
    if (!this.#probe) return
    if (!this.#l16.holding) this.#probe.quietFrames += 1
    if (this.#l16.decided || this.#probe.quietFrames >= QUIET_FRAMES) this.#endProbe()
  }

  #onStopped(reason: MediaStopReason): void {
    this.#probe?.cancel()
    this.#probe = null
    this.emit('stopped', reason)
  }
}
