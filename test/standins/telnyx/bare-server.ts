import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { type WebSocket, WebSocketServer } from 'ws'
import { Waiters } from './waiters.ts'

export interface ReceivedWebhook {
  readonly rawBody: string
  readonly headers: IncomingHttpHeaders
  readonly eventType: string
  readonly id: string
  readonly attempt: number
  readonly payload: Record<string, unknown>
}

/** The frames of Telnyx by their event, with the fields that tests look at. */
export interface TelnyxFrames {
  connected: { version: string; connected?: Record<string, string> }
  start: {
    sequence_number: string
    stream_id: string
    start: {
      call_control_id: string
      custom_parameters: Record<string, string>
      media_format: { encoding: string; sample_rate: number; channels: number }
    }
  }
  media: {
    sequence_number: string
    stream_id: string
    media: { track: string; chunk: string; timestamp: string; payload: string }
  }
  dtmf: { dtmf: { digit: string } }
  mark: { mark: { name: string } }
  stop: { stop: { call_control_id: string } }
  error: { payload: { code: number; title: string; detail: string } }
}

export interface ReceivedFrame<Event extends keyof TelnyxFrames = keyof TelnyxFrames> {
  /** By performance.now. */
  readonly at: number
  readonly event: Event
  readonly frame: TelnyxFrames[Event]
}

/** The other end of the stand-in, with no mind of its own: it records webhooks and frames, and sends what a test says. */
export class BareServer {
  readonly webhooks: ReceivedWebhook[] = []
  readonly frames: ReceivedFrame[] = []
  /** Headers and URL of every upgrade. */
  readonly upgrades: { url: string; headers: IncomingHttpHeaders }[] = []
  /** Statuses for the next webhooks; 200 when it is empty. */
  readonly webhookStatuses: number[] = []
  refuseUpgrades = false
  readonly #http = createServer()
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #waiters = new Waiters(
    () =>
      `Webhooks: ${this.webhooks.map(({ eventType }) => eventType).join(', ')}; ${this.frames.length} frames`
  )
  #socket: WebSocket | null = null

  async listen(): Promise<void> {
    this.#http.on('request', async (request, response) => {
      const rawBody = await text(request)
      const { data, meta } = JSON.parse(rawBody)
      this.webhooks.push({
        rawBody,
        headers: request.headers,
        eventType: data.event_type,
        id: data.id,
        attempt: meta.attempt,
        payload: data.payload
      })
      response.writeHead(this.webhookStatuses.shift() ?? 200).end('{}')
      this.#waiters.check()
    })
    this.#http.on('upgrade', (request, socket, head) => {
      this.upgrades.push({ url: request.url ?? '', headers: request.headers })
      if (this.refuseUpgrades) return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
      return this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted))
    })
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve))
  }

  get webhookUrl(): string {
    return `http://${this.#host}/webhook`
  }

  get streamUrl(): string {
    return `ws://${this.#host}/media?call_id=1`
  }

  send(frame: object | string): void {
    this.#socket!.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  sendBinary(payload: Uint8Array): void {
    this.#socket!.send(payload)
  }

  sendMedia(payload: Uint8Array): void {
    this.send({ event: 'media', media: { payload: Buffer.from(payload).toString('base64') } })
  }

  hangUpSocket(): void {
    this.#socket!.close()
  }

  framesOf<Event extends keyof TelnyxFrames>(event: Event): ReceivedFrame<Event>[] {
    return this.frames.filter((received): received is ReceivedFrame<Event> => received.event === event)
  }

  waitForFrames<Event extends keyof TelnyxFrames>(
    event: Event,
    count = 1,
    timeoutMs = 15_000
  ): Promise<ReceivedFrame<Event>[]> {
    const found = () => this.framesOf(event).length >= count && this.framesOf(event)
    return this.#waiters.until(found, `${count} '${event}' frames`, timeoutMs)
  }

  waitForWebhooks(eventType: string, count = 1, timeoutMs = 15_000): Promise<ReceivedWebhook[]> {
    const found = () => {
      const matching = this.webhooks.filter((webhook) => webhook.eventType === eventType)
      return matching.length >= count && matching
    }
    return this.#waiters.until(found, `${count} '${eventType}' webhooks`, timeoutMs)
  }

  async close(): Promise<void> {
    this.#waiters.close()
    this.#socket?.terminate()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  get #host(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  #accept(socket: WebSocket): void {
    this.#socket = socket
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data))
      this.frames.push({ at: performance.now(), event: frame.event, frame })
      this.#waiters.check()
    })
  }
}

export async function startBareServer(): Promise<BareServer> {
  const server = new BareServer()
  await server.listen()
  return server
}
