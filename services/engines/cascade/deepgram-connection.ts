import type { DeepgramClient } from '@deepgram/sdk'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import { SocketTransport } from './deepgram-transport.ts'

/** Of a service that one cannot reach: the caller is waiting. */
const CONNECT_DEADLINE_MS = 4000
/** For the service to answer our close frame. */
const CLOSE_DEADLINE_MS = 1000

export interface DeepgramAccess {
  readonly apiKey: string
  /** null: Deepgram's own. */
  readonly baseUrl: string | null
}

/** What the sockets of the SDK have in common. */
interface StreamingSocket {
  on(event: 'open', listener: () => void): void
  on(event: 'message', listener: (message: never) => void): void
  on(event: 'close', listener: (event: { code: number }) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  connect(): unknown
  close(): void
}

export interface DeepgramConnectionOptions<Socket, Message> {
  readonly access: DeepgramAccess
  readonly clock: Clock
  readonly create: (client: DeepgramClient) => Promise<Socket>
  readonly onMessage: (message: Message) => void
  readonly onAudio?: (audio: Buffer) => void
  readonly onMalformed: () => void
  /** The open connection is lost. At most once; not after `close()`. */
  readonly onLost: (error: CallError) => void
}

/** One streaming connection through Deepgram's SDK, from its first byte until it is closed or lost; it never reconnects. */
export class DeepgramConnection<Socket extends StreamingSocket, Message> {
  readonly #options: DeepgramConnectionOptions<Socket, Message>
  readonly #opening = Promise.withResolvers<void>()
  #transport: SocketTransport | null = null
  #socket: Socket | null = null
  #state: 'new' | 'opening' | 'open' | 'closed' = 'new'

  constructor(options: DeepgramConnectionOptions<Socket, Message>) {
    this.#options = options
    this.#opening.promise.catch(() => {})
  }

  /** null while it is not open. */
  get socket(): Socket | null {
    return this.#state === 'open' && this.#transport?.isOpen() ? this.#socket : null
  }

  get opening(): boolean {
    return this.#state === 'opening'
  }

  /** Unsent. */
  get bufferedBytes(): number {
    return this.#transport?.bufferedBytes ?? 0
  }

  /** Rejects with a CallError (ENGINE_CONNECT) whose detail is `http_401`, `timeout`, `ECONNREFUSED`, `aborted`. */
  async open(signal: AbortSignal): Promise<void> {
    this.#state = 'opening'
    const cancelDeadline = this.#options.clock.after(CONNECT_DEADLINE_MS, () => this.#fail('timeout'))
    const onAbort = () => this.#fail('aborted')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    else this.#dial().catch((error: Error) => this.#fail(error.message))
    try {
      await this.#opening.promise
    } finally {
      cancelDeadline()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Idempotent. `farewell`: what the service is told before. */
  close(farewell?: (socket: Socket) => void): void {
    const { socket } = this
    const transport = this.#transport
    const opening = this.#state === 'opening'
    this.#state = 'closed'
    if (opening) this.#opening.reject(connectError('closed'))
    if (socket) {
      farewell?.(socket)
      this.#options.clock.after(CLOSE_DEADLINE_MS, () => transport?.terminate())
      socket.close()
    } else transport?.terminate()
  }

  async #dial(): Promise<void> {
    const { access, create, onAudio = () => {}, onMalformed, onMessage } = this.#options
    const { DeepgramClient } = await import('@deepgram/sdk')
    const client = new DeepgramClient({
      apiKey: access.apiKey,
      ...(access.baseUrl && { baseUrl: access.baseUrl }),
      transportFactory: (url, headers) => {
        const handshakeTimeoutMs = CONNECT_DEADLINE_MS
        this.#transport = new SocketTransport({ url, headers, handshakeTimeoutMs, onAudio, onMalformed })
        return this.#transport
      }
    })
    const socket = await create(client)
    if (this.#state !== 'opening') return
    this.#socket = socket
    socket.on('message', (message: never) => {
      // What cannot be parsed comes as it is.
      if (typeof message === 'string') onMalformed()
      else if (this.#state === 'open') onMessage(message as Message)
    })
    socket.on('error', (error) => this.#fail((error as NodeJS.ErrnoException).code ?? error.message))
    socket.on('close', ({ code }) => this.#fail(`closed_${code}`))
    socket.on('open', () => this.#opened())
    socket.connect()
  }

  #opened(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#opening.resolve()
  }

  #fail(detail: string): void {
    const state = this.#state
    if (state === 'closed') return
    this.#state = 'closed'
    this.#transport?.terminate()
    if (state === 'opening') this.#opening.reject(connectError(codeOf(detail)))
    else this.#options.onLost(lostError(codeOf(detail)))
  }
}

/** Never prose: it might hold an address or a caller's data. */
function codeOf(detail: string): string {
  return (
    detail.match(/^\w+$/)?.[0] ??
    detail.match(/E[A-Z]{4,}/)?.[0] ??
    detail.match(/\b[45]\d\d\b/)?.[0] ??
    'failed'
  )
}

function connectError(detail: string): CallError {
  return new CallError('ENGINE_CONNECT', 'Deepgram could not be reached', { retryable: true, detail })
}

function lostError(detail: string): CallError {
  return new CallError('ENGINE_UNAVAILABLE', 'The connection to Deepgram was lost', {
    retryable: true,
    detail
  })
}
