import type { AddressInfo } from 'node:net'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'

/** A frame of Twilio, with the fields that tests look at. */
export interface TwilioStreamFrame {
  event: string
  streamSid?: string
  sequenceNumber?: string
  start?: Record<string, unknown>
  media?: { track: string; chunk: string; timestamp: string; payload: string }
  mark?: { name: string }
  dtmf?: { digit: string; track: string }
}

/** The other end of the stand-in, with no mind of its own: replies what a test says, and records. */
export class BareServer {
  readonly app: FastifyInstance = Fastify({ forceCloseConnections: true })
  readonly webhooks: { path: string; params: Record<string, string>; signature: string }[] = []
  readonly frames: TwilioStreamFrame[] = []
  readonly upgrades: { url: string; signature: string }[] = []
  reply: (path: string) => string = () => '<Response/>'
  socket: WebSocket | null = null

  async listen(): Promise<void> {
    await this.app.register(formbody)
    this.app.post('/*', (request, reply) => {
      const params = { ...(request.body as Record<string, string>) }
      const signature = String(request.headers['x-twilio-signature'])
      this.webhooks.push({ path: request.url, params, signature })
      return reply.type('text/xml').send(this.reply(request.url))
    })
    const sockets = new WebSocketServer({ noServer: true })
    this.app.server.on('upgrade', (request, socket, head) => {
      const signature = String(request.headers['x-twilio-signature'])
      this.upgrades.push({ url: request.url ?? '', signature })
      sockets.handleUpgrade(request, socket, head, (opened) => {
        this.socket = opened
        opened.on('message', (data) => this.frames.push(JSON.parse(String(data))))
      })
    })
    await this.app.listen({ host: '127.0.0.1', port: 0 })
  }

  get host(): string {
    return `127.0.0.1:${(this.app.server.address() as AddressInfo).port}`
  }

  /** TwiML that connects a call to this server. */
  get connect(): string {
    return `<Response><Connect><Stream url="ws://${this.host}/media"><Parameter name="token" value="t.1"/></Stream></Connect></Response>`
  }

  send(frame: object): void {
    this.socket?.send(JSON.stringify(frame))
  }

  async close(): Promise<void> {
    this.socket?.terminate()
    await this.app.close()
  }

  of(event: string): TwilioStreamFrame[] {
    return this.frames.filter((frame) => frame.event === event)
  }
}
