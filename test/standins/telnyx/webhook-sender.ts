import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign
} from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const MAX_ATTEMPTS = 3
/** PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410). */
const PKCS8_ED25519_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Telnyx's SDKs refuse a timestamp that is off by more than 300 s. */
const STALE_BY_SECONDS = 310

export type WebhookPayload = Readonly<Record<string, unknown>>

/**
 * - `valid`: as Telnyx does;
 * - `wrong`: signed with somebody else's key;
 * - `stale`: signed correctly, long ago;
 * - `none`: without signature headers.
 */
export type WebhookSignature = 'valid' | 'wrong' | 'stale' | 'none'

/** Telnyx promises neither order nor single delivery; the defaults are a good day. */
export interface WebhookBehaviour {
  /** Sends every event twice, with the same id. */
  readonly duplicate?: boolean
  /** By event type, this is what changes their order. */
  readonly delayMs?: number | ((eventType: string) => number)
  readonly retryDelayMs?: number
  readonly timeoutMs?: number
}

export interface WebhookDelivery {
  readonly id: string
  readonly eventType: string
  readonly payload: WebhookPayload
  /** HTTP status of each attempt, or the network's error. */
  readonly attempts: (number | string)[]
}

export interface SigningKeys {
  readonly privateKey: KeyObject
  /** Base64 of the raw 32 bytes, as Mission Control shows it. */
  readonly publicKey: string
}

/** The same seed (32 bytes) always gives the same keys; without one they are new. */
export function createSigningKeys(seed?: Uint8Array): SigningKeys {
  const privateKey = seed
    ? createPrivateKey({ key: Buffer.concat([PKCS8_ED25519_PREFIX, seed]), format: 'der', type: 'pkcs8' })
    : generateKeyPairSync('ed25519').privateKey
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey: spki.subarray(-32).toString('base64') }
}

/** Delivers signed webhooks in the background, each independent of the others, with retries. */
export class WebhookSender {
  readonly deliveries: WebhookDelivery[] = []
  readonly #keys: SigningKeys
  readonly #strangersKeys = createSigningKeys()
  readonly #behaviour: WebhookBehaviour
  readonly #onAttempt: (delivery: WebhookDelivery) => void
  readonly #abort = new AbortController()
  readonly #inFlight = new Set<Promise<void>>()

  constructor(options: {
    keys: SigningKeys
    behaviour: WebhookBehaviour
    /** After every attempt; the last of `attempts` is how it went. */
    onAttempt: (delivery: WebhookDelivery) => void
  }) {
    this.#keys = options.keys
    this.#behaviour = options.behaviour
    this.#onAttempt = options.onAttempt
  }

  send(
    url: string,
    eventType: string,
    payload: WebhookPayload,
    signature: WebhookSignature = 'valid'
  ): WebhookDelivery {
    const delivery: WebhookDelivery = { id: randomUUID(), eventType, payload, attempts: [] }
    this.deliveries.push(delivery)
    const occurredAt = new Date().toISOString()
    const { delayMs = 0, duplicate = false } = this.#behaviour
    const delay = typeof delayMs === 'number' ? delayMs : delayMs(eventType)
    for (let copy = 0; copy < (duplicate ? 2 : 1); copy++) {
      const done = this.#deliver(url, delivery, occurredAt, signature, delay).finally(() =>
        this.#inFlight.delete(done)
      )
      this.#inFlight.add(done)
    }
    return delivery
  }

  /** Resolves when everything sent so far has been delivered or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.settled()
  }

  async #deliver(
    url: string,
    delivery: WebhookDelivery,
    occurredAt: string,
    signature: WebhookSignature,
    delayMs: number
  ): Promise<void> {
    const signal = this.#abort.signal
    try {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal })
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const status = await this.#post(url, envelope(delivery, occurredAt, attempt, url), signature)
        if (signal.aborted) return
        delivery.attempts.push(status)
        this.#onAttempt(delivery)
        if (typeof status === 'number' && status >= 200 && status < 300) return
        await sleep(this.#behaviour.retryDelayMs ?? 1000, undefined, { signal })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #post(url: string, body: string, signature: WebhookSignature): Promise<number | string> {
    try {
      const timeout = AbortSignal.timeout(this.#behaviour.timeoutMs ?? 10_000)
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...this.#signatureHeaders(body, signature) },
        signal: AbortSignal.any([this.#abort.signal, timeout])
      })
      await response.arrayBuffer()
      return response.status
    } catch (error) {
      return reasonOf(error)
    }
  }

  #signatureHeaders(body: string, signature: WebhookSignature): Record<string, string> {
    if (signature === 'none') return {}
    const seconds = Math.floor(Date.now() / 1000) - (signature === 'stale' ? STALE_BY_SECONDS : 0)
    const { privateKey } = signature === 'wrong' ? this.#strangersKeys : this.#keys
    const signed = sign(null, Buffer.from(`${seconds}|${body}`), privateKey)
    return {
      'telnyx-signature-ed25519': signed.toString('base64'),
      'telnyx-timestamp': String(seconds)
    }
  }
}

function envelope(delivery: WebhookDelivery, occurredAt: string, attempt: number, url: string): string {
  return JSON.stringify({
    data: {
      record_type: 'event',
      event_type: delivery.eventType,
      id: delivery.id,
      occurred_at: occurredAt,
      payload: delivery.payload
    },
    meta: { attempt, delivered_to: url }
  })
}

/** fetch hides the network's reason in `cause`. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
}
