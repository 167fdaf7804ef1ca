import { EventEmitter } from 'node:events'
import type { SocketLike } from '../services/carriers/socket-like.ts'
import type { TextTaker } from '../services/sockets/message-lane.ts'
import type { MediaTransport } from '../sessions/contracts/media-transport.ts'
import type { EarlyMedia } from '../sessions/early-media.ts'

/** RFC 6455: nothing more is to come. */
const CLOSE_NORMAL = 1000
/** Longer messages are audio. */
const LONGEST_START_BYTES = 16_384
type Events = { message: [data: Buffer, isBinary: boolean]; close: [code: number]; error: [error: Error] }

/**
 * A carrier's socket that is there before the call is answered: it forgets all but the stream's `start`, so that the
 * transport, made once there is a session, finds the stream as if it had just begun.
 */
export class EarlySocket extends EventEmitter<Events> implements SocketLike, EarlyMedia, TextTaker {
  readonly #socket: SocketLike
  readonly #attach: (socket: SocketLike) => MediaTransport
  #start: Buffer | null = null
  #begun = false
  #taker: TextTaker | null = null
  #stopped = false

  /** In the tick in which the socket opened. `attach` makes its transport. */
  constructor(socket: SocketLike, attach: (socket: SocketLike) => MediaTransport) {
    super()
    this.#socket = socket
    this.#attach = attach
    socket.offer?.(this)
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    socket.on('close', (code) => {
      this.#stopped = true
      this.emit('close', code)
    })
    socket.on('error', (error) => {
      if (this.listenerCount('error') > 0) this.emit('error', error)
      else socket.terminate()
    })
  }

  get stopped(): boolean {
    return this.#stopped
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  open(): MediaTransport {
    return this.#attach(this)
  }

  begin(): void {
    this.#begun = true
    if (this.#start) this.emit('message', this.#start, false)
    this.#start = null
  }

  send(data: string): void {
    this.#socket.send(data)
  }

  offer(taker: TextTaker): void {
    this.#taker = taker
  }

  take(data: Buffer, start: number, end: number): boolean {
    return this.#begun && (this.#taker?.take(data, start, end) ?? false)
  }

  close(code = CLOSE_NORMAL, reason?: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#begun) {
      this.emit('message', data, isBinary)
      return
    }
    if (isBinary || data.length > LONGEST_START_BYTES) return
    const text = data.toString()
    // Base64 has no quotes in it: audio is told apart without being read.
    if (/"event"\s*:\s*"start"/.test(text)) this.#start = data
    if (/"event"\s*:\s*"stop"/.test(text)) this.#stopped = true
  }
}
