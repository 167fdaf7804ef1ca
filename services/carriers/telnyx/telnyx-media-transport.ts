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
import { CLOSE_NORMAL, CLOSE_POLICY_VIOLATION, SOCKET_OPEN, type SocketLike } from '../socket-like.ts'
import {
  announcedFormat,
  CLEAR_FRAME,
  markFrame,
  mediaFrame,
  parseFrame,
  type TelnyxFrame
} from './telnyx-messages.ts'

/** A stream with this many malformed frames is not worth keeping. */
const MALFORMED_LIMIT = 20
/** Longest audio of one message; Telnyx takes 20 ms to 30 s. */
const MESSAGE_LIMIT_MS = 1000
/** The first stream whose byte order is open is listened to for at most this long before the agent speaks. */
const PROBE_LIMIT_MS = 250
/** A caller who is quiet this long tells nothing about the byte order. */
const QUIET_FRAMES = 3
/** Audio that the socket has not taken, beyond which a dead peer is assumed: about a minute of L16 at 24 kHz. */
const SEND_BUFFER_LIMIT_BYTES = 4_000_000

export interface TelnyxMediaTransportOptions {
  readonly socket: SocketLike
  readonly clock: Clock
  /** What the agent's audio was asked to be sent as. */
  readonly outboundFormat: AudioFormat
  readonly l16ByteOrder: ByteOrder | 'auto'
  /** With `auto`: what to presume until the audio has shown it, and whether an earlier stream has shown it. */
  readonly presumedByteOrder: { current: ByteOrder; known: boolean }
  readonly idleTimeoutMs: number
}

/** The media leg of a Telnyx call. Listeners are attached to the socket at once, so that no frame is missed. */
export class TelnyxMediaTransport extends EventEmitter<MediaTransportEvents> implements MediaTransport {
  readonly outboundFormat: AudioFormat
  readonly #socket: SocketLike
  readonly #clock: Clock
  readonly #idleTimeoutMs: number
  readonly #l16: L16Reader
  readonly #presumedByteOrder: TelnyxMediaTransportOptions['presumedByteOrder']
  readonly #reorder = new ReorderBuffer<Buffer>({ deliver: (payload) => this.#deliver(payload) })
  #inboundFormat: AudioFormat | null = null
  /** A stream that has begun and is listened to for its byte order before anybody is told. */
  #probe: { start: StreamStart; heard: Uint8Array[]; quietFrames: number; cancel: () => void } | null = null
  #lastFrameAt: number
  #cancelIdle: () => void
  #malformed = 0
  #stopped = false

  constructor(options: TelnyxMediaTransportOptions) {
    super()
    this.#socket = options.socket
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
    this.#idleTimeoutMs = options.idleTimeoutMs
    this.#lastFrameAt = options.clock.now()
    this.#cancelIdle = this.#watchIdle(options.idleTimeoutMs)
    options.socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    options.socket.on('close', () => this.#stop('socket_closed'))
    options.socket.on('error', () => this.#socket.terminate())
  }

  send(payload: Uint8Array): void {
    const limit = MESSAGE_LIMIT_MS * bytesPerMs(this.outboundFormat)
    for (let start = 0; start < payload.byteLength; start += limit) {
      this.#sendMedia(payload.subarray(start, start + limit))
    }
  }

  mark(name: string): void {
    this.#write(markFrame(name))
  }

  clear(): void {
    this.#write(CLEAR_FRAME)
  }

  close(): void {
    this.#stop('closed_by_us')
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(CLOSE_NORMAL)
  }

  #sendMedia(payload: Uint8Array): void {
    const bigEndian = this.outboundFormat.encoding === 'pcm16' && this.#l16.order === 'be'
    const bytes = bigEndian ? swapBytes16(payload) : payload
    this.#write(mediaFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
  }

  #write(frame: string): void {
    if (this.#socket.readyState !== SOCKET_OPEN) return
    if (this.#socket.bufferedAmount > SEND_BUFFER_LIMIT_BYTES) this.#socket.terminate()
    else this.#socket.send(frame)
  }

  #onMessage(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    if (this.#stopped) return
    this.#lastFrameAt = this.#clock.now()
    const frame = isBinary ? null : parseFrame(data.toString())
    if (!frame) return this.#onMalformed('not_json')
    // What a socket's listener throws would end the process, and every call with it.
    try {
      this.#onFrame(frame)
    } catch {
      this.#onMalformed('unreadable')
    }
  }

  #onFrame(frame: TelnyxFrame): void {
    switch (frame.event) {
      case 'media':
        return this.#onMedia(frame)
      case 'mark':
        if (typeof frame.mark?.name === 'string') this.emit('mark', frame.mark.name)
        else this.#onMalformed('mark_without_name')
        return
      case 'start':
        return this.#onStart(frame)
      case 'dtmf':
        if (typeof frame.dtmf?.digit === 'string') this.emit('dtmf', frame.dtmf.digit)
        else this.#onMalformed('dtmf_without_digit')
        return
      case 'stop':
        return this.#stop('stop')
      case 'error':
        this.emit('malformed', `carrier_error_${String(frame.payload?.code ?? 'unknown')}`)
        return
      case 'connected':
        return
      default:
        if (typeof frame.event !== 'string') this.#onMalformed('no_event')
    }
  }

  #onStart(frame: TelnyxFrame): void {
    if (!frame.start) return this.#onMalformed('start_without_fields')
    const format = announcedFormat(frame.start)
    if (!format) return this.#refuse('unsupported_media')
    const id = frame.start.call_control_id
    this.#inboundFormat = format
    this.#reorder.reset()
    const start = {
      inboundFormat: format,
      carrierCallId: typeof id === 'string' ? id : null,
      streamId: typeof frame.stream_id === 'string' ? frame.stream_id : null
    }
    const orderMatters = format.encoding === 'pcm16' && !this.#l16.decided && !this.#presumedByteOrder.known
    if (!orderMatters || this.#probe) {
      this.emit('started', start)
      return
    }
    const cancel = this.#clock.after(PROBE_LIMIT_MS, () => this.#endProbe())
    this.#probe = { start, heard: [], quietFrames: 0, cancel }
  }

  /** The byte order is known, or can't be: what is sent from here on is sent in it. */
  #endProbe(): void {
    const probe = this.#probe
    if (!probe) return
    probe.cancel()
    this.#probe = null
    this.emit('started', probe.start)
    for (const payload of probe.heard) this.emit('audio', payload)
  }

  #onMedia({ media }: TelnyxFrame): void {
    if (typeof media?.payload !== 'string') return this.#onMalformed('media_without_payload')
    if (media.track === 'outbound') return
    const payload = Buffer.from(media.payload, 'base64')
    if (payload.byteLength === 0) return this.#onMalformed('media_not_base64')
    this.#reorder.push(Number(media.chunk ?? Number.NaN), payload)
  }

  #deliver(payload: Buffer): void {
    const format = this.#inboundFormat
    if (!format) return
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

  #onMalformed(cause: string): void {
    this.#malformed += 1
    this.emit('malformed', cause)
    if (this.#malformed >= MALFORMED_LIMIT) this.#refuse('protocol_error')
  }

  #refuse(reason: MediaStopReason): void {
    this.#stop(reason)
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(CLOSE_POLICY_VIOLATION, reason)
  }

  #watchIdle(delayMs: number): () => void {
    return this.#clock.after(delayMs, () => {
      const silentMs = this.#clock.now() - this.#lastFrameAt
      if (silentMs < this.#idleTimeoutMs) this.#cancelIdle = this.#watchIdle(this.#idleTimeoutMs - silentMs)
      else this.#refuse('idle')
    })
  }

  #stop(reason: MediaStopReason): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#cancelIdle()
    this.#probe?.cancel()
    this.#probe = null
    this.emit('stopped', reason)
  }
}
