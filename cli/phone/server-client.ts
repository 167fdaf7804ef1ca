import { once } from 'node:events'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { WebSocket } from 'ws'
import { parseCallEvent, type ServerEvent } from './call-events.ts'
import { PhoneError } from './phone-error.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Far above any message of a call. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024

const placedCallSchema = Type.Object({
  callId: Type.String(),
  streamUrl: Type.String(),
  streamToken: Type.String()
})
export type PlacedCall = Static<typeof placedCallSchema>

const foundCallSchema = Type.Object({ end_reason: Type.Union([Type.String(), Type.Null()]) })
const errorSchema = Type.Object({ message: Type.String() })

export interface CallRequest {
  readonly carrier: string
  readonly codec: string
  readonly rate: number
  readonly agentId: string | null
}

/** The events of all calls of a server. */
export interface EventStream {
  /** Those of one call, with the ones that came before it was asked for. */
  follow(callId: string, listener: (event: ServerEvent) => void): void
  close(): void
}

/** A running server, as its operator sees it. Every method rejects with a PhoneError that says what to do. */
export class ServerClient {
  readonly #server: URL
  readonly #headers: Readonly<Record<string, string>>

  constructor(options: { server: URL; token: string }) {
    this.#server = options.server
    this.#headers = { authorization: `Bearer ${options.token}` }
  }

  async placeCall({ agentId, ...request }: CallRequest): Promise<PlacedCall> {
    const body = JSON.stringify(agentId === null ? request : { ...request, agentId })
    const placed = await this.#request('POST', '/api/calls/test', body)
    if (Value.Check(placedCallSchema, placed)) return placed
    throw new PhoneError(
      `${this.#server.origin} answered with something that is not a call: is it an Offhook?`
    )
  }

  /** Why the call ended, as it was stored; null where that is not known yet. */
  async endReason(callId: string): Promise<string | null> {
    const call = await this.#request('GET', `/api/calls/${encodeURIComponent(callId)}`)
    return Value.Check(foundCallSchema, call) ? call.end_reason : null
  }

  async openEvents(): Promise<EventStream> {
    const url = new URL('/call-events', this.#server)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = openSocket(url.href, this.#headers)
    const early: string[] = []
    const keep = (data: unknown) => early.push(String(data))
    socket.on('message', keep)
    await this.#opened(socket, (status) => this.#refusal(status, null))
    return {
      follow(callId, listener) {
        const tell = (text: string) => {
          const message = parseCallEvent(text)
          if (message?.callId === callId) listener(message.event)
        }
        socket.off('message', keep)
        for (const text of early.splice(0)) tell(text)
        socket.on('message', (data) => tell(String(data)))
      },
      close: () => socket.terminate()
    }
  }

  /** The media socket of a call: attach listeners before anything is awaited, then await `opened`. */
  openMedia(
    streamUrl: string,
    headers: Readonly<Record<string, string>>
  ): { socket: WebSocket; opened: Promise<void> } {
    const socket = openSocket(streamUrl, headers)
    const refused = (status: number) =>
      new PhoneError(
        `${new URL(streamUrl).origin} refused the media stream of the call it had just placed (${status}).`
      )
    return { socket, opened: this.#opened(socket, refused) }
  }

  async #opened(socket: WebSocket, refusal: (status: number) => PhoneError): Promise<void> {
    const refused = new Promise<never>((_, reject) => {
      socket.once('unexpected-response', (request, response) => {
        request.destroy()
        reject(refusal(response.statusCode ?? 0))
      })
    })
    const failed = once(socket, 'open').catch((error) => {
      throw this.#unreachable(error)
    })
    try {
      await Promise.race([refused, failed])
    } finally {
      failed.catch(() => undefined)
      // What breaks later closes the socket, and is told there.
      socket.on('error', () => undefined)
    }
  }

  async #request(method: string, path: string, body?: string): Promise<unknown> {
    const headers =
      body === undefined ? this.#headers : { ...this.#headers, 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(new URL(path, this.#server), { method, headers, body, signal }).catch(
      (error) => {
        throw this.#unreachable(error)
      }
    )
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return answer
    throw this.#refusal(response.status, Value.Check(errorSchema, answer) ? answer.message : null)
  }

  #refusal(status: number, message: string | null): PhoneError {
    if (status === 401) {
      return new PhoneError(
        `${this.#server.origin} refused the token (401). Pass the right one with --token, or set OPERATOR_TOKEN; ` +
          'the server prints its address with the token when it starts.'
      )
    }
    return new PhoneError(`${this.#server.origin} answered ${status}${message ? `: ${message}` : '.'}`)
  }

  #unreachable(error: unknown): PhoneError {
    const { code, message, cause } = error as { code?: string; message?: string; cause?: { code?: string } }
    const why = cause?.code ?? code ?? message ?? 'no answer'
    return new PhoneError(
      `No server answers at ${this.#server.origin} (${why}). Start one with npm start, or name another with --server.`,
      { cause: error }
    )
  }
}

function openSocket(url: string, headers: Readonly<Record<string, string>>): WebSocket {
  return new WebSocket(url, {
    headers: { ...headers },
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false
  })
}
