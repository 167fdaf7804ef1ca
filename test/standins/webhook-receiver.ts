import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** As Standard Webhooks 1.0 has it: older or newer messages may be played again by somebody. */
const TOLERANCE_SECONDS = 300

export interface ReceivedWebhook {
  readonly id: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What it was answered with; null: nothing, the connection was cut. */
  readonly status: number | null
}

/** A user's webhook endpoint: checks the signature by the specification, and answers as it is told to. */
export class WebhookReceiver {
  /** Of Standard Webhooks. */
  readonly secret = `whsec_${Buffer.from('a secret of the tests, 32 bytes!').toString('base64')}`
  readonly received: ReceivedWebhook[] = []
  /** The next answers; 200 when there are none left; null: the connection is cut. */
  readonly answers: (number | null)[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const { headers, url: path = '' } = request
        const next = this.answers.length > 0 ? (this.answers.shift() ?? null) : 200
        const status = this.#genuine(headers, body) ? next : 401
        this.received.push({ id: String(headers['webhook-id']), path, headers, body, status })
        if (status === null) request.socket.destroy()
        else response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks')
      })
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  /** Each body that was taken, parsed. */
  get taken(): { type: string; timestamp: string; data: Record<string, unknown> }[] {
    return this.received.filter(({ status }) => status === 200).map(({ body }) => JSON.parse(body))
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #genuine(headers: IncomingHttpHeaders, body: string): boolean {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false
    const key = Buffer.from(this.secret.slice('whsec_'.length), 'base64')
    const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest()
    return String(signatures)
      .split(' ')
      .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
      .some((given) => given.byteLength === right.byteLength && timingSafeEqual(given, right))
  }
}
