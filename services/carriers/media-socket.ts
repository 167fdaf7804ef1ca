import type { Clock } from '../../sessions/contracts/clock.ts'
import type { MediaStopReason } from '../../sessions/contracts/media-transport.ts'
import { parseJsonFrame, validText } from '../sockets/json-frame.ts'
import type { TextTaker } from '../sockets/message-lane.ts'
import { CLOSE_NORMAL, CLOSE_POLICY_VIOLATION, SOCKET_OPEN, type SocketLike } from './socket-like.ts'

/** A stream with this many malformed frames is not worth keeping. */
const MALFORMED_LIMIT = 20
/** Audio that the socket has not taken, beyond which a dead peer is assumed: about a minute of L16 at 24 kHz. */
const SEND_BUFFER_LIMIT_BYTES = 4_000_000

export interface MediaSocketOptions<Frame extends object> {
  readonly socket: SocketLike
  readonly clock: Clock
  readonly idleTimeoutMs: number
  /** Takes a text message as it came, where that is faster than as a frame; false leaves it to `onFrame`. */
  readonly taker: TextTaker
  /** The carrier sent a JSON object. What this throws counts as a malformed frame. */
  readonly onFrame: (frame: Frame) => void
  readonly onMalformed: (cause: string) => void
  /** Exactly once, and last. */
  readonly onStopped: (reason: MediaStopReason) => void
}

/**
 * What the media sockets of all carriers have in common: text frames of JSON, little patience with frames that can't
 * be read, with silence and with a peer that takes nothing, and one end. Listeners are attached to the socket at
 * once, so that no frame is missed.
 */
export class MediaSocket<Frame extends object> implements TextTaker {
  readonly #options: MediaSocketOptions<Frame>
  readonly #socket: SocketLike
  readonly #taker: TextTaker
  readonly #clock: Clock
  #lastFrameAt = 0
  #cancelIdle: () => void
  #malformed = 0
  #stopped = false

  constructor(options: MediaSocketOptions<Frame>) {
    this.#options = options
    this.#socket = options.socket
    this.#taker = options.taker
    this.#clock = options.clock
    this.#lastFrameAt = options.clock.now()
    this.#cancelIdle = this.#watchIdle(options.idleTimeoutMs)
    options.socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    options.socket.offer?.(this)
    options.socket.on('close', () => this.stop('socket_closed'))
    options.socket.on('error', () => this.#socket.terminate())
  }

  /** When the message that is being read came in. */
  get receivedAt(): number {
    return this.#lastFrameAt
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Of the socket's messages, as they come. */
  take(data: Buffer, start: number, end: number): boolean {
    if (this.#stopped) return false
    this.#lastFrameAt = this.#clock.now()
    try {
      if (this.#taker.take(data, start, end)) return true
      const text = validText(data, start, end)
      if (text === null) return false
      this.#onText(text)
    } catch {
      this.malformed('unreadable')
    }
    return true
  }

  /** Does nothing on a socket that is not open. */
  send(frame: string): void {
    if (this.#socket.readyState !== SOCKET_OPEN) return
    if (this.#socket.bufferedAmount > SEND_BUFFER_LIMIT_BYTES) this.#socket.terminate()
    else this.#socket.send(frame)
  }

  /** Counts a frame that was skipped; the 20th is the last. */
  malformed(cause: string): void {
    this.#malformed += 1
    this.#options.onMalformed(cause)
    if (this.#malformed >= MALFORMED_LIMIT) this.refuse('protocol_error')
  }

  /** Ends the stream and leaves the socket to the carrier. */
  stop(reason: MediaStopReason): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#cancelIdle()
    this.#options.onStopped(reason)
  }

  /** Ends the stream for a fault of the carrier's, and closes the socket with 1008. */
  refuse(reason: MediaStopReason): void {
    this.stop(reason)
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(CLOSE_POLICY_VIOLATION, reason)
  }

  close(): void {
    this.stop('closed_by_us')
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(CLOSE_NORMAL)
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#stopped) return
    this.#lastFrameAt = this.#clock.now()
    // What a socket's listener throws would end the process, and every call with it.
    try {
      if (!isBinary && this.#taker.take(data, 0, data.length)) return
      this.#onText(isBinary ? '' : data.toString())
    } catch {
      this.malformed('unreadable')
    }
  }

  #onText(text: string): void {
    const frame = parseJsonFrame<Frame>(text)
    if (frame) this.#options.onFrame(frame)
    else this.malformed('not_json')
  }

  /** Tells of a frame that came in before. */
  tellAgain(frame: Frame): void {
    try {
      this.#options.onFrame(frame)
    } catch {
      this.malformed('unreadable')
    }
  }

  #watchIdle(delayMs: number): () => void {
    return this.#clock.after(delayMs, () => {
      const silentMs = this.#clock.now() - this.#lastFrameAt
      const leftMs = this.#options.idleTimeoutMs - silentMs
      if (leftMs > 0) this.#cancelIdle = this.#watchIdle(leftMs)
      else this.refuse('idle')
    })
  }
}
