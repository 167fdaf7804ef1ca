import type { AudioFormat } from '../../audio/format.ts'
import type { AgentProfile } from './agent-profile.ts'
import type { CallIdentity } from './call-events.ts'

/** The two wires of a call: to the carrier, and to the engine's service. */
export type TapeWire = 'carrier' | 'engine'

/** First line of a tape: all that a replay has to know. Holds no key and no token. */
export interface TapeHeader {
  readonly version: 1
  readonly call: CallIdentity
  readonly profile: AgentProfile
  readonly streamFormat: AudioFormat
  readonly maxCallMs: number
}

/** One thing that crossed a wire, or happened to it. `t`: milliseconds since the call was answered. */
export type TapeLine =
  | { readonly t: number; readonly wire: TapeWire; readonly kind: 'open' | 'close' }
  | { readonly t: number; readonly wire: TapeWire; readonly kind: 'in' | 'out'; readonly data: string }
  | { readonly t: number; readonly kind: 'ended'; readonly reason: string }

/** Records what crosses the wires of one call. Never throws, never waits. */
export interface CallTape {
  opened(wire: TapeWire): void
  /** A text frame from the other end. */
  received(wire: TapeWire, data: string): void
  /** A text frame to the other end. */
  sent(wire: TapeWire, data: string): void
  closed(wire: TapeWire): void
}
