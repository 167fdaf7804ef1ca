import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { Waiters } from '../telnyx/waiters.ts'
import { ChatApi, type ChatOptions, type ChatRequest } from './chat-api.ts'
import type { Script } from './script.ts'
import { SpeechApi, type SpeechOptions, type SpeechRequest } from './speech-api.ts'
import { StandInSession } from './stand-in-session.ts'
import {
  TranscriptionApi,
  type TranscriptionOptions,
  type TranscriptionRequest
} from './transcription-api.ts'

export interface RealtimeStandInOptions extends ChatOptions, SpeechOptions, TranscriptionOptions {
  /** 0, the default: any free port. */
  readonly port?: number
  /** What `Authorization: Bearer` must hold. */
  readonly apiKey?: string
  readonly script?: Script
  /** Text of the caller's nth utterance, from 1; null makes its transcription fail. */
  readonly transcribe?: (utterance: number) => string | null
  /** From the end of an utterance to its text. */
  readonly transcriptionDelayMs?: number
  /** Times faster than speech that replies are generated. Default 4. */
  readonly speed?: number
  /** Audio in one delta, or the least and the most. Default 200. */
  readonly deltaMs?: number | readonly [number, number]
  /** From `response.created` to the first delta. Default 50. */
  readonly firstDeltaMs?: number
  /** Deltas still sent after a response was cancelled. Default 0. */
  readonly lateDeltas?: number
  /** `silent`: a session that never begins. `no_update`: one that never answers `session.update`. */
  readonly handshake?: 'normal' | 'silent' | 'no_update'
  /** What `/v1/models` lists. */
  readonly models?: readonly { readonly id: string }[]
  /** HTTP status to refuse a connection with; null lets it in. */
  readonly refuse?: () => number | null
  /** Whether a ping is answered. Default true. */
  readonly pong?: boolean
  /** Whether caller audio and appends are kept. Default true; a load test has no use for them. */
  readonly keepAudio?: boolean
  /** Whether the stand-in holds its own events against the published schema; see `invalidSent`. */
  readonly validate?: boolean
}

export interface RealtimeStandIn {
  /** `OPENAI_BASE_URL`. */
  readonly url: string
  readonly apiKey: string
  /** Every session so far, closed ones too. */
  readonly sessions: readonly StandInSession[]
  /** What `/v1/chat/completions`, `/v1/audio/speech` and `/v1/audio/transcriptions` were asked for, in order. */
  readonly chats: readonly ChatRequest[]
  readonly speeches: readonly SpeechRequest[]
  readonly transcriptions: readonly TranscriptionRequest[]
  /** Resolves when the condition holds; looked at after every request. */
  until<T>(condition: () => T | undefined | false, what: string): Promise<T>
  /** The nth session, from 1; the next one without `count`. */
  waitForSession(count?: number): Promise<StandInSession>
  close(): Promise<void>
}

const WAIT_MS = 15_000
const MODELS = [{ id: 'gpt-realtime-2.1', object: 'model' }]
const REFUSED = { error: { type: 'invalid_request_error', code: null, message: 'Refused.' } }
/** An append holds up to 15 MiB of audio, in base64. */
const LARGEST_MESSAGE_BYTES = 21 * 1024 * 1024

/** OpenAI's Realtime service (GA events) on a loopback port: `ws:` at `/v1/realtime?model=…`. */
export async function startRealtimeStandIn(options: RealtimeStandInOptions = {}): Promise<RealtimeStandIn> {
  const apiKey = options.apiKey ?? 'sk-stand-in'
  const sessions: StandInSession[] = []
  const waiters = new Waiters(() => `${sessions.length} sessions came.`)
  const onRequest = () => waiters.check()
  const apis = {
    chat: new ChatApi(options, onRequest),
    speech: new SpeechApi(options, onRequest),
    transcription: new TranscriptionApi(options, onRequest)
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const authorised = request.headers.authorization === `Bearer ${apiKey}`
    if (authorised && path === '/v1/chat/completions') return void apis.chat.answer(request, response)
    if (authorised && path === '/v1/audio/speech') return void apis.speech.answer(request, response)
    if (authorised && path === '/v1/audio/transcriptions')
      return void apis.transcription.answer(request, response)
    const status = !authorised ? 401 : path.startsWith('/v1/models') ? 200 : 404
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(status === 200 ? { object: 'list', data: options.models ?? MODELS } : REFUSED)
    )
  })
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE_BYTES,
    autoPong: options.pong ?? true
  })

  server.on('upgrade', (request, socket, head) => {
    const status = statusOf(request, apiKey) ?? options.refuse?.() ?? null
    if (status !== null) return refuse(socket, status)
    sockets.handleUpgrade(request, socket, head, (client) => {
      const model = modelOf(request) as string
      const id = `sess${sessions.length + 1}`
      sessions.push(new StandInSession({ id, model, socket: client, options }))
      waiters.check()
    })
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    apiKey,
    sessions,
    chats: apis.chat.requests,
    speeches: apis.speech.requests,
    transcriptions: apis.transcription.requests,
    until: (condition, what) => waiters.until(condition, what, WAIT_MS),
    waitForSession: (count = sessions.length + 1) =>
      waiters.until(() => sessions[count - 1], `session ${count}`, WAIT_MS),
    async close() {
      for (const client of sockets.clients) client.terminate()
      waiters.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

function modelOf(request: IncomingMessage): string | null {
  return new URL(request.url ?? '', 'http://localhost').searchParams.get('model')
}

function statusOf(request: IncomingMessage, apiKey: string): number | null {
  if (new URL(request.url ?? '', 'http://localhost').pathname !== '/v1/realtime') return 404
  if (request.headers.authorization !== `Bearer ${apiKey}`) return 401
  return modelOf(request) ? null : 400
}

function refuse(socket: Duplex, status: number): void {
  const body = JSON.stringify(REFUSED)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}
