import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { readIntoShared } from './socket-memory.ts'

/** The first byte of a message in one frame of text: FIN, no extension, opcode 1 (RFC 6455 section 5.2). */
const WHOLE_TEXT = 0x81
const FIN = 0x80
const CONTROL = 0x08
const MASKED = 0x80
const LENGTH = 0x7f
const LENGTH_16 = 126
const LENGTH_64 = 127
const MASK_BYTES = 4
/** Longer ones are left to `ws`, which knows how long a message may be. */
const LONGEST_TEXT_BYTES = 65_536 - 14

/** Messages are unmasked one at a time, in the tick in which they came. */
const UNMASKED = Buffer.allocUnsafeSlow(LONGEST_TEXT_BYTES)

/** An object rather than a function: each closure on the way of a frame is memory that is touched for every one. */
export interface TextTaker {
  /**
   * Takes a text message, which lies in `data` from `start` to `end` until this returns, or leaves it, with false. What
   * is no UTF-8 must be left, since nobody has looked at that yet.
   */
  take(data: Buffer, start: number, end: number): boolean
}

export interface MessageLaneOptions {
  readonly socket: WebSocket
  /** What `socket` reads from. */
  readonly raw: Socket
  /** Whether the other end masks its frames, as clients must and servers must not. */
  readonly masked: boolean
  readonly taker: TextTaker
}

/**
 * A short cut past the streams inside `ws` for the messages that make up a call: a text message that came whole in one
 * read is offered where it lies. All else, and all that is not taken, goes to `ws` byte for byte and in order, and comes
 * out of it as ever. To be opened in the tick in which the socket opened.
 */
export class MessageLane {
  readonly #socket: WebSocket
  readonly #maskBit: number
  readonly #taker: TextTaker
  readonly #library: (chunk: Buffer) => void
  /** Bytes of the frame that `ws` is being given. */
  #missing = 0
  /** The beginning of a frame whose length has not come yet. */
  #begun: Buffer | null = null
  #fragmented = false

  constructor({ socket, raw, masked, taker }: MessageLaneOptions) {
    this.#socket = socket
    this.#maskBit = masked ? MASKED : 0
    this.#taker = taker
    const listeners = raw.listeners('data') as ((chunk: Buffer) => void)[]
    this.#library = (chunk) => {
      for (const listener of listeners) listener.call(raw, chunk)
    }
    raw.removeAllListeners('data')
    raw.on('data', (chunk: Buffer) => this.#read(chunk, chunk.length, true))
    readIntoShared(raw, this)
  }

  read(memory: Buffer, length: number): void {
    this.#read(memory, length, false)
  }

  /** `lasting`: the data stays as it is. */
  #read(data: Buffer, length: number, lasting: boolean): void {
    if (this.#begun) {
      const joined = Buffer.concat([this.#begun, data.subarray(0, length)])
      this.#begun = null
      this.#read(joined, joined.length, true)
      return
    }
    let given = 0
    let at = Math.min(this.#missing, length)
    this.#missing -= at
    while (at < length) {
      const payload = payloadOf(data, at, length)
      if (payload === 0) {
        this.#begun = Buffer.from(data.subarray(at, length))
        break
      }
      const end = payload + payloadBytes(data, at)
      if (end <= length && this.#offered(data, at, end - payload)) {
        this.#give(data, given, at, lasting)
        given = this.#takes(data, payload, end) ? end : at
      } else if ((data[at] & CONTROL) === 0) {
        this.#fragmented = (data[at] & FIN) === 0
      }
      at = Math.min(end, length)
      this.#missing = end - at
    }
    this.#give(data, given, at, lasting)
  }

  #offered(data: Buffer, at: number, size: number): boolean {
    const plain = data[at] === WHOLE_TEXT && (data[at + 1] & MASKED) === this.#maskBit
    return (
      plain && !this.#fragmented && size <= LONGEST_TEXT_BYTES && this.#socket.readyState === WebSocket.OPEN
    )
  }

  #takes(data: Buffer, start: number, end: number): boolean {
    if (this.#maskBit === 0) return this.#taker.take(data, start, end)
    unmask(data, start, end)
    return this.#taker.take(UNMASKED, 0, end - start)
  }

  #give(data: Buffer, from: number, to: number, lasting: boolean): void {
    if (from === to) return
    const piece = data.subarray(from, to)
    this.#library(lasting ? piece : Buffer.from(piece))
  }
}

/** Where the payload of the frame at `at` begins; 0 where its head has not come whole. */
function payloadOf(data: Buffer, at: number, length: number): number {
  if (length - at < 2) return 0
  const size = data[at + 1] & LENGTH
  const mask = (data[at + 1] & MASKED) === 0 ? 0 : MASK_BYTES
  const payload = at + 2 + (size === LENGTH_16 ? 2 : size === LENGTH_64 ? 8 : 0) + mask
  return payload <= length ? payload : 0
}

function payloadBytes(data: Buffer, at: number): number {
  const size = data[at + 1] & LENGTH
  if (size === LENGTH_16) return (data[at + 2] << 8) | data[at + 3]
  return size === LENGTH_64 ? Number(data.readBigUInt64BE(at + 2)) : size
}

/** RFC 6455 section 5.3; the mask lies before the payload. */
function unmask(data: Buffer, start: number, end: number): void {
  const first = data[start - 4]
  const second = data[start - 3]
  const third = data[start - 2]
  const fourth = data[start - 1]
  const whole = end - ((end - start) & 3)
  let to = 0
  let at = start
  for (; at < whole; at += 4, to += 4) {
    UNMASKED[to] = data[at] ^ first
    UNMASKED[to + 1] = data[at + 1] ^ second
    UNMASKED[to + 2] = data[at + 2] ^ third
    UNMASKED[to + 3] = data[at + 3] ^ fourth
  }
  for (let place = 0; at < end; at++, to++, place++) UNMASKED[to] = data[at] ^ data[start - 4 + place]
}
