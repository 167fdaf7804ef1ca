import { createHmac } from 'node:crypto'

/**
 * - `valid`: as Twilio does;
 * - `wrong`: signed with another account's token;
 * - `none`: without the header.
 */
export type WebhookSignature = 'valid' | 'wrong' | 'none'

export interface WebhookDelivery {
  readonly url: string
  readonly params: Readonly<Record<string, string>>
  /** HTTP status of the reply, or the network's error; null until then. */
  status: number | string | null
  reply: string
}

const TIMEOUT_MS = 15_000

/** `X-Twilio-Signature` (twilio.com/docs/usage/security), without the SDK whose word is to be tested. */
export function signatureOf(
  authToken: string,
  url: string,
  params: Readonly<Record<string, string>>
): string {
  const fields = Object.keys(params).sort()
  const text = fields.reduce((signed, name) => `${signed}${name}${params[name]}`, url)
  return createHmac('sha1', authToken).update(text).digest('base64')
}

/** Posts signed forms to the server. */
export class SignedWebhooks {
  readonly deliveries: WebhookDelivery[] = []
  readonly #authToken: string
  readonly #onDelivered: (delivery: WebhookDelivery) => void
  readonly #abort = new AbortController()
  readonly #inFlight = new Set<Promise<unknown>>()

  constructor(options: { authToken: string; onDelivered: (delivery: WebhookDelivery) => void }) {
    this.#authToken = options.authToken
    this.#onDelivered = options.onDelivered
  }

  /** Resolves with the delivery once it has been answered or has failed. Never rejects. */
  post(
    url: string,
    params: Readonly<Record<string, string>>,
    sign: WebhookSignature = 'valid'
  ): Promise<WebhookDelivery> {
    const delivery: WebhookDelivery = { url, params, status: null, reply: '' }
    this.deliveries.push(delivery)
    const done = this.#deliver(delivery, sign).finally(() => this.#inFlight.delete(done))
    this.#inFlight.add(done)
    return done
  }

  /** Resolves when everything sent so far has been answered or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.settled()
  }

  async #deliver(delivery: WebhookDelivery, sign: WebhookSignature): Promise<WebhookDelivery> {
    const { url, params } = delivery
    const token = sign === 'wrong' ? 'the token of another account' : this.#authToken
    const header: Record<string, string> =
      sign === 'none' ? {} : { 'x-twilio-signature': signatureOf(token, url, params) }
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: new URLSearchParams(params),
        headers: { ...header, 'user-agent': 'TwilioProxy/1.1' },
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(TIMEOUT_MS)])
      })
      delivery.reply = await response.text()
      delivery.status = response.status
    } catch (error) {
      delivery.status =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    }
    if (!this.#abort.signal.aborted) this.#onDelivered(delivery)
    return delivery
  }
}
