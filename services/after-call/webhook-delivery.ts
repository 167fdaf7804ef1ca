import type { Logger } from 'pino'
import { Webhook } from 'standardwebhooks'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CALL_ENDED, type CallReports, reportId } from './call-report.ts'
import type { DeliveryStore } from './delivery-store.ts'

/** A receiver that has not answered by then is taken for down: it should answer first, and work afterwards. */
const ANSWER_MS = 15_000
/** The receiver wants no more of it (Standard Webhooks). */
const GONE = 410

export type DeliveryOutcome = 'delivered' | 'failed' | 'gone' | 'nothing_to_tell'

export interface WebhookDeliveryOptions {
  /** Standard Webhooks: `whsec_` and base64. */
  readonly secret: string
  readonly reports: CallReports
  readonly deliveries: DeliveryStore
  /** Where the end of a call is told; null: nowhere. */
  readonly urlFor: (callId: string) => Promise<string | null>
  readonly clock: Clock
  readonly log: Logger
}

/** Tells a webhook of a call, signed by Standard Webhooks 1.0; each attempt leaves a row, delivered or not. */
export class WebhookDelivery {
  readonly #options: WebhookDeliveryOptions
  readonly #webhook: Webhook

  constructor(options: WebhookDeliveryOptions) {
    this.#options = options
    this.#webhook = new Webhook(options.secret)
  }

  /** Rejects only where the database is out of reach. */
  async attempt(callId: string, { replay }: { replay: boolean }): Promise<DeliveryOutcome> {
    const { clock, deliveries, reports, urlFor } = this.#options
    const [url, report] = await Promise.all([urlFor(callId), reports.of(callId)])
    if (url === null || report === null) return 'nothing_to_tell'
    const attemptedAt = clock.now()
    const eventId = reportId(callId)
    const { statusCode, error } = await this.#post(url, eventId, JSON.stringify(report))
    const delivered = statusCode !== null && statusCode >= 200 && statusCode < 300
    const durationMs = clock.now() - attemptedAt
    await deliveries.add({
      eventId,
      type: CALL_ENDED,
      callId,
      url,
      replay,
      delivered,
      statusCode,
      error,
      durationMs,
      attemptedAt
    })
    this.#log(callId, url, { delivered, statusCode, error })
    if (delivered) return 'delivered'
    return statusCode === GONE ? 'gone' : 'failed'
  }

  async #post(
    url: string,
    eventId: string,
    body: string
  ): Promise<{ statusCode: number | null; error: string | null }> {
    const at = new Date()
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Offhook',
          'webhook-id': eventId,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': this.#webhook.sign(eventId, at, body)
        },
        body,
        // Elsewhere might be anywhere: the address is the operator's to mend.
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS)
      })
      await response.body?.cancel()
      return { statusCode: response.status, error: null }
    } catch (error) {
      return { statusCode: null, error: causeOf(error) }
    }
  }

  #log(
    callId: string,
    url: string,
    outcome: { delivered: boolean; statusCode: number | null; error: string | null }
  ) {
    const { delivered, statusCode, error } = outcome
    // An address may have a token in it; its host has not.
    const line = {
      event: 'webhook.attempted',
      callId,
      host: new URL(url).host,
      delivered,
      statusCode,
      cause: error
    }
    if (delivered) this.#options.log.info(line, 'Webhook delivered')
    else this.#options.log.warn(line, 'Webhook not delivered')
  }
}

/** `ECONNREFUSED`, `timeout`, …: never an address. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'timeout'
  const { code } = (error.cause ?? {}) as { code?: string }
  return code ?? error.name
}
