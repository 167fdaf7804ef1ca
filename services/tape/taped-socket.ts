import { WebSocket } from 'ws'
import type { CallTape, TapedMediaSetup, WireTape } from '../../sessions/contracts/call-tape.ts'
import { SOCKET_OPEN, type SocketLike } from '../carriers/socket-like.ts'

/** Less than this waiting to be sent makes no difference to anybody. */
const MUCH_BUFFERED_BYTES = 16_384

/** The carrier's socket with a tape running: the same to its transport. */
export class TapedSocket implements SocketLike {
  readonly wire: WireTape
  readonly #socket: SocketLike
  #readyState: number = SOCKET_OPEN

  constructor(socket: SocketLike, tape: CallTape, media: TapedMediaSetup) {
    this.#socket = socket
    this.wire = tape.open('carrier', media)
  }

  get readyState(): number {
    const { readyState } = this.#socket
    if (readyState !== this.#readyState) this.wire.state({ readyState })
    this.#readyState = readyState
    return readyState
  }

  get bufferedAmount(): number {
    const bufferedBytes = this.#socket.bufferedAmount
    if (bufferedBytes > MUCH_BUFFERED_BYTES) this.wire.state({ bufferedBytes })
    return bufferedBytes
  }

  send(data: string): void {
    this.wire.sent(data)
    this.#socket.send(data)
  }

  close(code?: number, reason?: string): void {
    this.wire.shut()
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.wire.shut()
    this.#socket.terminate()
  }

  on(event: 'message' | 'close' | 'error', listener: (...args: never[]) => void): this {
    const tell = listener as (...args: unknown[]) => void
    if (event === 'message') {
      this.#socket.on('message', (data, isBinary) => {
        this.wire.received(isBinary ? '(binary)' : data.toString())
        tell(data, isBinary)
      })
    } else if (event === 'close') {
      this.#socket.on('close', (code) => {
        this.wire.closed(code)
        tell(code)
      })
    } else {
      this.#socket.on('error', tell)
    }
    return this
  }
}

/** Tapes an engine's socket in place: a message before anybody hears it, and one of ours as it is sent. */
export function tapeEngineSocket(socket: WebSocket, tape: CallTape): void {
  const wire = tape.open('engine')
  const { send, close, terminate } = socket
  socket.prependListener('message', (data) => wire.received(data.toString()))
  socket.prependListener('close', (code) => wire.closed(code))
  socket.prependListener('pong', () => wire.pong())
  socket.prependListener('error', (error: NodeJS.ErrnoException) => wire.failed(error.code ?? 'socket_error'))
  socket.prependListener('unexpected-response', (_request, { statusCode }) => {
    wire.failed(`http_${statusCode ?? 0}`)
  })
  socket.send = (...args: unknown[]) => {
    wire.sent(String(args[0]))
    Reflect.apply(send, socket, args)
  }
  socket.close = (...args) => {
    wire.shut()
    close.apply(socket, args)
  }
  socket.terminate = () => {
    wire.shut()
    terminate.call(socket)
  }
  Object.defineProperty(socket, 'bufferedAmount', {
    get() {
      const bufferedBytes: number = Reflect.get(WebSocket.prototype, 'bufferedAmount', socket)
      if (bufferedBytes > MUCH_BUFFERED_BYTES) wire.state({ bufferedBytes })
      return bufferedBytes
    }
  })
}
