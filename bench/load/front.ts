import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  createSigningKeys,
  type WebhookPayload,
  WebhookSender
} from '../../test/standins/telnyx/webhook-sender.ts'

export interface FrontOptions {
  /** A command of the Call Control API, already answered with success. */
  readonly onCommand: (callControlId: string, command: string, body: Record<string, unknown>) => void
  /** The relay opened a session of the model. */
  readonly onEngine: (socket: WebSocket, raw: Socket) => void
}

export interface FrontAddress {
  readonly telnyxBaseUrl: string
  readonly telnyxPublicKey: string
  readonly openAiBaseUrl: string
}

/** Telnyx's REST API and webhooks and OpenAI's door, on one port, with no more behind them than a load needs. */
export class Front {
  readonly #options: FrontOptions
  readonly #keys = createSigningKeys()
  readonly #http = createServer((request, response) => void this.#onRequest(request, response))
  readonly #engines = new WebSocketServer({
    server: this.#http,
    perMessageDeflate: false,
    skipUTF8Validation: true
  })
  #webhooks = this.#newSender()

  constructor(options: FrontOptions) {
    this.#options = options
    this.#engines.on('connection', (socket, request) => options.onEngine(socket, request.socket))
  }

  async listen(): Promise<FrontAddress> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
    return {
      telnyxBaseUrl: `${origin}/v2`,
      telnyxPublicKey: this.#keys.publicKey,
      openAiBaseUrl: `${origin}/v1`
    }
  }

  sendWebhook(url: string, eventType: string, payload: WebhookPayload): void {
    this.#webhooks.send(url, eventType, payload)
  }

  /** Resolves when every webhook has been delivered, and forgets them. */
  async webhooksSettled(): Promise<void> {
    await this.#webhooks.settled()
    this.#webhooks = this.#newSender()
  }

  async close(): Promise<void> {
    await this.#webhooks.close()
    for (const socket of this.#engines.clients) socket.terminate()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  #newSender(): WebhookSender {
    return new WebhookSender({ keys: this.#keys, behaviour: {}, onAttempt: () => {} })
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    response.setHeader('content-type', 'application/json').end('{"data":{"result":"ok"}}')
    const [, , , callControlId, , command] = (request.url ?? '').split('/')
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {}
    this.#options.onCommand(decodeURIComponent(callControlId ?? ''), command ?? '', body)
  }
}
