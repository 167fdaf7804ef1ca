import Telnyx from 'telnyx'
import { type ClientState, decodeClientState } from './client-state.ts'

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
  /** The same for all legs that belong together: a call, and the one that its caller is transferred to. */
  readonly sessionId: string | null
  /** What we gave the leg on its way; null where it is not of our dialling. */
  readonly clientState: ClientState | null
  /** Why the leg ended; null while it lives. */
  readonly hangup: HangupCause | null
  /** What answering-machine detection has to say; null where it is no news of it. */
  readonly machine: 'detected' | 'greeting_ended' | null
  readonly payload: Readonly<Record<string, unknown>>
}

export type HangupCause = 'busy' | 'no_answer' | 'rejected' | 'caller_hung_up' | 'failed'

/** Of Telnyx's `hangup_cause`. */
const HANGUP_CAUSES: Readonly<Record<string, HangupCause>> = {
  user_busy: 'busy',
  timeout: 'no_answer',
  no_answer: 'no_answer',
  call_rejected: 'rejected',
  originator_cancel: 'caller_hung_up',
  normal_clearing: 'caller_hung_up'
}

/** Results of answering-machine detection that no person is behind. */
const MACHINES = new Set(['machine', 'fax_detected'])

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
    sessionId: text(payload.call_session_id),
    clientState: decodeClientState(payload.client_state),
    hangup:
      data.event_type === 'call.hangup' ? (HANGUP_CAUSES[String(payload.hangup_cause)] ?? 'failed') : null,
    machine: machineNews(data.event_type, payload),
    payload
  }
}

function machineNews(type: string, { result }: Record<string, unknown>): TelnyxEvent['machine'] {
  if (/^call\.machine\.(premium\.)?greeting\.ended$/.test(type)) return 'greeting_ended'
  const detection = /^call\.machine\.(premium\.)?detection\.ended$/.test(type)
  return detection && MACHINES.has(String(result)) ? 'detected' : null
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
