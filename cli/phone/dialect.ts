import type { AudioFormat } from '../../audio/format.ts'
import { TelnyxDialect } from './telnyx-dialect.ts'
import { TwilioDialect } from './twilio-dialect.ts'

/** What the server tells the carrier. */
export type ServerFrame =
  | { readonly event: 'media'; readonly payload: Buffer }
  | { readonly event: 'mark'; readonly name: string }
  | { readonly event: 'clear' }

/** The carrier's end of one media stream: how it presents itself, what it writes, and how it reads the server. */
export interface Dialect {
  /** Of the upgrade. */
  readonly headers: Readonly<Record<string, string>>
  connected(): string
  start(format: AudioFormat): string
  /** `samples` is how many the payload holds. */
  media(payload: Uint8Array, samples: number): string
  mark(name: string): string
  /** `occurredAt` in epoch milliseconds. */
  dtmf(digit: string, occurredAt: number): string
  stop(): string
  /** null where a frame is none of the three that a server may send. */
  parse(text: string): ServerFrame | null
}

export interface StreamIdentity {
  readonly callId: string
  readonly streamId: string
  readonly token: string
}

export function createDialect(carrier: 'telnyx' | 'twilio', identity: StreamIdentity): Dialect {
  return carrier === 'twilio' ? new TwilioDialect(identity) : new TelnyxDialect(identity)
}
