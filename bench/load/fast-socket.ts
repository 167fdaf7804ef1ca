import type { Socket } from 'node:net'
import { type ClientOptions, WebSocket } from 'ws'
import { MessageLane, type TextTaker } from '../../services/sockets/message-lane.ts'

/** The load generator shares a machine with what it loads: no compression, no mask, no check of its own text. */
const OPTIONS: ClientOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  // A mask of zeros is a mask (RFC 6455 section 5.3), and `ws` then spares itself the work.
  generateMask: (mask) => mask.fill(0)
}
/** Heads of a text message in one frame, with and without such a mask (RFC 6455 section 5.2). */
const TEXT = '\x81'
const MASKED_BIT = 0x80
const NO_MASK = '\0\0\0\0'
const LENGTH_16 = 126
const LONGEST_BYTES = 65_535

export function openSocket(url: string, headers: Readonly<Record<string, string>> = {}): WebSocket {
  return new WebSocket(url, { ...OPTIONS, headers })
}

/**
 * An end of a call that costs the load generator little, so that it never is what its own figures wait for: messages go
 * past the streams of `ws` both ways. To be made in the tick in which the socket opened.
 */
export class FastSocket {
  readonly #socket: WebSocket
  readonly #raw: Socket
  readonly #isClient: boolean

  constructor(options: { socket: WebSocket; raw: Socket; isClient: boolean; taker: TextTaker }) {
    const { socket, raw, isClient, taker } = options
    this.#socket = socket
    this.#raw = raw
    this.#isClient = isClient
    new MessageLane({ socket, raw, masked: !isClient, taker })
  }

  /** ASCII of 126 bytes at least in one frame; what is shorter, or too long for that, is left to `ws`. */
  send(text: string): void {
    const bytes = text.length
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (bytes < LENGTH_16 || bytes > LONGEST_BYTES) return this.#socket.send(text)
    const [bit, mask] = this.#isClient ? [MASKED_BIT, NO_MASK] : [0, '']
    const length = String.fromCharCode(bit | LENGTH_16, bytes >> 8, bytes & 0xff)
    this.#raw.write(TEXT + length + mask + text, 'latin1')
  }

  close(): void {
    this.#socket.close()
  }
}
