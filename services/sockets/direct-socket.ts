import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { SocketLike } from '../carriers/socket-like.ts'
import { MessageLane, type TextTaker } from './message-lane.ts'

/** A length that fits the second byte, and one that fits two more (RFC 6455 section 5.2). */
const SHORT_BYTES = 125
const LONG_BYTES = 65_535
const TEXT = '\x81'
const LENGTH_16 = '\x7e'

/**
 * A client's WebSocket with its two short cuts past the streams of `ws`: messages may be taken as they come in, and what
 * is sent goes out in one write. For sockets without compression.
 */
export class DirectSocket implements SocketLike {
  readonly #socket: WebSocket
  readonly #raw: Socket | null

  /** `raw`: what the socket was upgraded from. */
  constructor(socket: WebSocket, raw: Duplex) {
    this.#socket = socket
    this.#raw = raw instanceof Socket ? raw : null
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  get bufferedAmount(): number {
    return this.#raw ? this.#raw.writableLength : this.#socket.bufferedAmount
  }

  send(data: string): void {
    const bytes = Buffer.byteLength(data)
    const ascii = bytes === data.length && bytes <= LONG_BYTES
    if (!this.#raw || !ascii || this.#socket.readyState !== WebSocket.OPEN) return this.#socket.send(data)
    const length =
      bytes <= SHORT_BYTES
        ? String.fromCharCode(bytes)
        : LENGTH_16 + String.fromCharCode(bytes >> 8, bytes & 0xff)
    this.#raw.write(TEXT + length + data, 'latin1')
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  on(event: 'message' | 'close' | 'error', listener: (...args: never[]) => void): this {
    this.#socket.on(event, listener as (...args: unknown[]) => void)
    return this
  }

  offer(taker: TextTaker): void {
    if (this.#raw) new MessageLane({ socket: this.#socket, raw: this.#raw, masked: true, taker })
  }
}
