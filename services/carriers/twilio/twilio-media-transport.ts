import { EventEmitter } from 'node:events'
import { type AudioFormat, PCMU_8K } from '../../../audio/format.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import type { MediaTransport, MediaTransportEvents } from '../../../sessions/contracts/media-transport.ts'
import type { TextTaker } from '../../sockets/message-lane.ts'
import { MEDIA_FRAMES } from '../media-frame.ts'
import { MediaSocket } from '../media-socket.ts'
import type { SocketLike } from '../socket-like.ts'
import { announcedFormat, createFrames, type TwilioFrame, type TwilioFrames } from './twilio-messages.ts'

/** Twilio sends `start` right behind the upgrade; whoever holds a socket open without one is not Twilio. */
const START_DEADLINE_MS = 10_000

/** More than a stream says while its token is looked at, which takes milliseconds. */
const WAITING_LIMIT = 100

/** What a stream says of itself in its `start`. */
export interface TwilioStream {
  /** Of the `<Parameter name="token">` that we gave it. */
  readonly token: string | null
  readonly callSid: string | null
}

export interface TwilioMediaTransportOptions {
  readonly socket: SocketLike
  readonly clock: Clock
  readonly idleTimeoutMs: number
  /**
   * Asked once, at the first `start`, before `started` is emitted and before any audio: the place to attach
   * listeners. What comes until it resolves waits. With false the socket is closed with 1008.
   */
  readonly admit: (stream: TwilioStream) => boolean | Promise<boolean>
}

/** The media leg of a Twilio call: G.711 mu-law at 8 kHz both ways, and nothing is said before its `start`. */
export class TwilioMediaTransport
  extends EventEmitter<MediaTransportEvents>
  implements MediaTransport, TextTaker
{
  readonly outboundFormat: AudioFormat = PCMU_8K
  readonly #socket: MediaSocket<TwilioFrame>
  readonly #admit: TwilioMediaTransportOptions['admit']
  readonly #cancelStartDeadline: () => void
  /** null until the stream has begun. */
  #frames: TwilioFrames | null = null
  #admitted = false
  /** What came behind a `start` whose token is being looked at. */
  #waiting: TwilioFrame[] | null = null

  constructor(options: TwilioMediaTransportOptions) {
    super()
    this.#admit = options.admit
    this.#socket = new MediaSocket({
      socket: options.socket,
      clock: options.clock,
      idleTimeoutMs: options.idleTimeoutMs,
      taker: this,
      onFrame: (frame) => this.#onFrame(frame),
      onMalformed: (cause) => this.emit('malformed', cause),
      onStopped: (reason) => {
        this.#cancelStartDeadline()
        this.emit('stopped', reason)
      }
    })
    this.#cancelStartDeadline = options.clock.after(START_DEADLINE_MS, () => this.#socket.refuse('idle'))
  }

  get receivedAt(): number {
    return this.#socket.receivedAt
  }

  /** Of the socket's messages: audio that can be read from its bytes. */
  take(data: Buffer, start: number, end: number): boolean {
    const payload = this.#frames && MEDIA_FRAMES.read(data, start, end)
    if (!payload) return false
    if (!MEDIA_FRAMES.outbound) this.emit('audio', payload)
    return true
  }

  send(payload: Uint8Array): void {
    if (!this.#frames) return
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    this.#socket.send(this.#frames.media(bytes))
  }

  mark(name: string): void {
    if (this.#frames) this.#socket.send(this.#frames.mark(name))
  }

  clear(): void {
    if (this.#frames) this.#socket.send(this.#frames.clear())
  }

  close(): void {
    this.#socket.close()
  }

  #onFrame(frame: TwilioFrame): void {
    if (this.#waiting) {
      if (this.#waiting.push(frame) > WAITING_LIMIT) this.#socket.refuse('protocol_error')
      return
    }
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
      case 'connected':
        return
      default:
        if (typeof frame.event !== 'string') this.#socket.malformed('no_event')
    }
  }

  #onStart({ start, streamSid }: TwilioFrame): void {
    if (!start || typeof streamSid !== 'string') return this.#socket.malformed('start_without_fields')
    const token = start.customParameters?.token
    const callSid = typeof start.callSid === 'string' ? start.callSid : null
    this.#cancelStartDeadline()
    const begin = (admitted: boolean): void => {
      if (!admitted) return this.#socket.refuse('unauthorized')
      this.#admitted = true
      // Whoever was asked may have closed the transport, since the call can end at any time.
      if (this.#socket.stopped) return
      const inboundFormat = announcedFormat(start)
      if (!inboundFormat) return this.#socket.refuse('unsupported_media')
      this.#frames = createFrames(streamSid)
      this.emit('started', { inboundFormat, carrierCallId: callSid, streamId: streamSid })
    }
    const asked = this.#admitted || this.#admit({ token: typeof token === 'string' ? token : null, callSid })
    if (typeof asked === 'boolean') begin(asked)
    else this.#beginOnceAsked(asked, begin)
  }

  #beginOnceAsked(asked: Promise<boolean>, begin: (admitted: boolean) => void): void {
    this.#waiting = []
    const proceed = (admitted: boolean): void => {
      const frames = this.#waiting ?? []
      this.#waiting = null
      begin(admitted)
      for (const frame of frames) if (!this.#socket.stopped) this.#socket.tellAgain(frame)
    }
    asked.then(proceed, () => proceed(false))
  }

  #onMedia({ media }: TwilioFrame): void {
    if (typeof media?.payload !== 'string') return this.#socket.malformed('media_without_payload')
    if (media.track === 'outbound') return
    if (!this.#frames) return this.#socket.malformed('media_before_start')
    const payload = Buffer.from(media.payload, 'base64')
    if (payload.byteLength === 0) return this.#socket.malformed('media_not_base64')
    this.emit('audio', payload)
  }
}
