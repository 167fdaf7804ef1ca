import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { PCMU_8K } from '../../../audio/format.ts'
import { createTranscoder } from '../../../audio/transcoder.ts'
import { sine } from '../../support/tone.ts'

export const TOKEN = 'operator-token'
const STREAM_TOKEN = 'stream-token'
const CALL_ID = '5ad66c0d-3f6c-4a4e-8a52-94a8ba5f3a11'

interface Media {
  event: string
  mark?: { name: string }
  start?: { call_control_id: string }
}

/** A server of one call, PCMU only, that does what the test tells it: the outside of Offhook as the phone sees it. */
export class ScriptedServer {
  readonly requests: { method: string; url: string; body: unknown }[] = []
  readonly received: Media[] = []
  media: WebSocket | null = null
  #events: WebSocket | null = null
  readonly #http = createServer((request, response) => void this.#answer(request, response))
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #onStart: (server: ScriptedServer) => void
  readonly #onMark: (name: string, server: ScriptedServer) => void
  readonly #endReason: string | null

  constructor(script: {
    onStart?: (server: ScriptedServer) => void
    onMark?: (name: string, server: ScriptedServer) => void
    /** What `GET /api/calls/:id` tells. */
    endReason?: string | null
  }) {
    this.#onStart = script.onStart ?? (() => undefined)
    this.#onMark = script.onMark ?? (() => undefined)
    this.#endReason = script.endReason ?? null
    this.#http.on('upgrade', (request, socket, head) => {
      if (!this.#admits(request)) socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
      else this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#opened(request, opened))
    })
  }

  async listen(): Promise<URL> {
    this.#http.listen(0, '127.0.0.1')
    await once(this.#http, 'listening')
    return this.url
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }

  /** The agent speaks: a tone of this length, then a mark. */
  speak(ms: number, mark: string): void {
    const samples = sine({ frequencyHz: 440, sampleRate: 8000, ms })
    const pcm = { encoding: 'pcm16', sampleRate: 8000 } as const
    const bytes = createTranscoder(pcm, PCMU_8K).push(new Uint8Array(samples.buffer))
    this.send({ event: 'media', media: { payload: Buffer.from(bytes).toString('base64') } })
    this.send({ event: 'mark', mark: { name: mark } })
  }

  send(frame: unknown): void {
    this.media?.send(JSON.stringify(frame))
  }

  /** Publishes an event of the call. */
  tell(type: string, payload: Readonly<Record<string, unknown>>, callId = CALL_ID): void {
    this.#events?.send(
      JSON.stringify({ type, id: 'x', occurred_at: 'x', payload: { ...payload, call_id: callId } })
    )
  }

  /** The agent hangs up. */
  hangUp(): void {
    this.tell('call.ended', { reason: 'agent_hung_up', durationMs: 1 })
    this.media?.close()
  }

  #admits({ url, headers }: IncomingMessage): boolean {
    return url?.startsWith('/media-stream-ws')
      ? headers['x-telnyx-streaming-auth-token'] === STREAM_TOKEN
      : headers.authorization === `Bearer ${TOKEN}`
  }

  #opened({ url }: IncomingMessage, socket: WebSocket): void {
    if (!url?.startsWith('/media-stream-ws')) {
      this.#events = socket
      return
    }
    this.media = socket
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Media
      this.received.push(frame)
      if (frame.event === 'start') this.#onStart(this)
      if (frame.event === 'stop') this.tell('call.ended', { reason: 'caller_hung_up', durationMs: 1 })
      if (frame.event === 'mark') this.#onMark(frame.mark?.name ?? '', this)
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { method = '', url = '' } = request
    this.requests.push({ method, url, body: body === '' ? null : JSON.parse(body) })
    const answer = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      answer(401, { error: 'unauthorized', message: 'no' })
    else if (method === 'GET') answer(200, { id: CALL_ID, end_reason: this.#endReason })
    else if (body.includes('twilio')) {
      answer(400, { error: 'invalid_request', message: 'body/carrier must be telnyx' })
    } else {
      const streamUrl = `ws://${this.url.host}/media-stream-ws?call_id=${CALL_ID}`
      answer(200, { callId: CALL_ID, streamUrl, streamToken: STREAM_TOKEN })
    }
  }
}
