import type { DeepgramTransport, DeepgramTransportCloseEvent, DeepgramTransportMessage } from '@deepgram/sdk'
import { WebSocket } from 'ws'

/** The longest message: a second of PCM16 at 48 kHz, and room for a long transcript. */
const LARGEST_MESSAGE_BYTES = 1024 * 1024

export interface DeepgramTransportOptions {
  readonly url: string
  readonly headers: Record<string, string>
  readonly handshakeTimeoutMs: number
  /** Binary messages, which the SDK would wrap into blobs whose bytes come a turn of the event loop later. */
  readonly onAudio: (audio: Buffer) => void
  /** A message that nobody could read. */
  readonly onMalformed: () => void
}

/** The WebSocket under a streaming connection of the SDK: it opens once, and tells why it did not. */
export class SocketTransport implements DeepgramTransport {
  readonly #socket: WebSocket
  readonly #options: DeepgramTransportOptions

  constructor(options: DeepgramTransportOptions) {
    const { headers, handshakeTimeoutMs: handshakeTimeout, url } = options
    this.#options = options
    this.#socket = new WebSocket(url, {
      headers,
      handshakeTimeout,
      perMessageDeflate: false,
      maxPayload: LARGEST_MESSAGE_BYTES
    })
    // An error without a listener ends the process.
    this.#socket.on('error', () => {})
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(data: DeepgramTransportMessage): void {
    this.#socket.send(data as string | ArrayBufferView)
  }

  onOpen(listener: () => void): void {
    this.#socket.on('open', listener)
  }

  onMessage(listener: (message: DeepgramTransportMessage) => void): void {
    this.#socket.on('message', (data: Buffer, isBinary) => {
      // Whatever a message does, it must not escape into the socket's listener: that would end every call.
      try {
        if (isBinary) this.#options.onAudio(data)
        else listener(data.toString())
      } catch {
        this.#options.onMalformed()
      }
    })
  }

  onError(listener: (error: Error) => void): void {
    this.#socket.on('error', listener)
    this.#socket.on('unexpected-response', (_request, response) => {
      response.resume()
      listener(new Error(`http_${response.statusCode}`))
      this.#socket.terminate()
    })
  }

  onClose(listener: (event: DeepgramTransportCloseEvent) => void): void {
    this.#socket.on('close', (code, reason) => listener({ code, reason: reason.toString() }))
  }

  isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  close(code = 1000): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate()
    else this.#socket.close(code === 1011 ? 1000 : code)
  }

  /** A dead connection is not asked to close. */
  terminate(): void {
    this.#socket.terminate()
  }
}
