import Telnyx from 'telnyx'

/** A Telnyx event, as far as Offhook reads it. */
export interface TelnyxEvent {
  readonly id: string
  readonly type: string
  /** Epoch milliseconds. */
  readonly occurredAt: number
  readonly carrierCallId: string | null
  readonly direction: 'inbound' | 'outbound' | null
  readonly from: string | null
  readonly to: string | null
  readonly payload: Readonly<Record<string, unknown>>
}

export interface TelnyxWebhooks {
  /**
   * Checks the Ed25519 signature over the raw body (`telnyx-signature-ed25519`, `telnyx-timestamp`, ±300 s).
   * Resolves with null where it is not Telnyx's; rejects with a SyntaxError where a signed body is not an event.
   */
  unwrap(rawBody: string, headers: Readonly<Record<string, string>>): Promise<TelnyxEvent | null>
}

export function createTelnyxWebhooks(options: { publicKey: string; apiKey: string }): TelnyxWebhooks {
  const client = new Telnyx({ apiKey: options.apiKey, publicKey: options.publicKey, logLevel: 'off' })

  async function unwrap(
    rawBody: string,
    headers: Readonly<Record<string, string>>
  ): Promise<TelnyxEvent | null> {
    let envelope: unknown
    try {
      envelope = await client.webhooks.unwrap(rawBody, { headers: { ...headers } })
    } catch (error) {
      if (error instanceof SyntaxError) throw error
      return null
    }
    return readEvent(envelope)
  }

  return { unwrap }
}

function readEvent(envelope: unknown): TelnyxEvent {
  const data = record(record(envelope).data)
  const payload = record(data.payload)
  if (typeof data.id !== 'string' || typeof data.event_type !== 'string') {
    throw new SyntaxError('expected data.id and data.event_type')
  }
  const occurredAt = Date.parse(String(data.occurred_at))
  return {
    id: data.id,
    type: data.event_type,
    occurredAt: Number.isNaN(occurredAt) ? Date.now() : occurredAt,
    carrierCallId: text(payload.call_control_id),
    direction:
      payload.direction === 'incoming' ? 'inbound' : payload.direction === 'outgoing' ? 'outbound' : null,
    from: text(payload.from),
    to: text(payload.to),
    payload
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
