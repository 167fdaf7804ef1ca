import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { Waiters } from '../telnyx/waiters.ts'
import { type DeepgramPath, type Query, queryFault } from './connection-query.ts'
import { FluxSession } from './flux-session.ts'
import type { ListenOptions, ListenSession } from './listen-session.ts'
import { NovaSession } from './nova-session.ts'
import { type SpeakOptions, SpeakSession } from './speak-session.ts'

export interface DeepgramStandInOptions extends ListenOptions, SpeakOptions {
  /** 0, the default: any free port. */
  readonly port?: number
  /** What `Authorization: Token` must hold. */
  readonly apiKey?: string
  /** HTTP status to refuse a connection with; null lets it in. */
  readonly refuse?: (path: DeepgramPath) => number | null
}

export interface DeepgramStandIn {
  /** `DEEPGRAM_BASE_URL`. */
  readonly url: string
  readonly apiKey: string
  /** Every connection so far, closed ones too. */
  readonly listens: readonly ListenSession[]
  readonly speaks: readonly SpeakSession[]
  /** Resolves when the condition holds; looked at after every message either way. */
  until<T>(condition: () => T | undefined | false, what: string): Promise<T>
  close(): Promise<void>
}

const WAIT_MS = 15_000

/** Deepgram on a loopback port: `/v1/listen`, `/v2/listen` and `/v1/speak` by WebSocket, and the check of a key. */
export async function startDeepgramStandIn(options: DeepgramStandInOptions = {}): Promise<DeepgramStandIn> {
  const apiKey = options.apiKey ?? 'dg-stand-in'
  const listens: ListenSession[] = []
  const speaks: SpeakSession[] = []
  const waiters = new Waiters(() => `${listens.length} listens, ${speaks.length} speaks.`)
  const check = () => waiters.check()
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const authorised = (request: IncomingMessage) => request.headers.authorization === `Token ${apiKey}`

  const server = createServer((request, response) => {
    const status = request.url !== '/v1/auth/token' ? 404 : authorised(request) ? 200 : 401
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? { api_key_id: 'key', scopes: [] } : INVALID_AUTH))
  })

  function open(path: DeepgramPath, query: Query, socket: WebSocket): void {
    const session = { query, socket, options, onActivity: check }
    if (path === '/v1/speak') speaks.push(new SpeakSession(session))
    else listens.push(path === '/v1/listen' ? new NovaSession(session) : new FluxSession(session))
    check()
  }

  server.on('upgrade', (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const query: Query = Object.fromEntries(searchParams)
    if (!isPath(pathname)) return refuse(socket, 404, { err_code: 'Not Found', err_msg: 'Not Found' })
    if (!authorised(request)) return refuse(socket, 401, INVALID_AUTH)
    const status = options.refuse?.(pathname) ?? null
    if (status !== null) return refuse(socket, status, { err_code: String(status), err_msg: 'Refused.' })
    const fault = queryFault(pathname, query)
    if (fault) return refuse(socket, 400, { err_code: 'Bad Request', err_msg: fault })
    sockets.handleUpgrade(request, socket, head, (client) => open(pathname, query, client))
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey,
    listens,
    speaks,
    until: (condition, what) => waiters.until(condition, what, WAIT_MS),
    async close() {
      for (const client of sockets.clients) client.terminate()
      waiters.close()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

const INVALID_AUTH = { err_code: 'INVALID_AUTH', err_msg: 'Invalid credentials.', request_id: 'stand-in' }

function isPath(path: string): path is DeepgramPath {
  return path === '/v1/listen' || path === '/v2/listen' || path === '/v1/speak'
}

function refuse(socket: Duplex, status: number, error: Record<string, string>): void {
  const body = JSON.stringify(error)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}
