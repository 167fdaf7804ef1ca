import type { AudioFormat } from '../../audio/format.ts'
import type { EngineName } from './agent-engine.ts'
import type { AgentProfile, ToolSpec } from './agent-profile.ts'
import type { CallIdentity, EndReason } from './call-events.ts'
import type { Clock } from './clock.ts'
import type { Tool } from './tool.ts'

/** The two wires of a call: to the carrier, and to the engine's service. */
export type TapeWire = 'carrier' | 'engine'

/** First line of a tape: whose call it was. Holds no key and no token. */
export interface TapeHeader {
  readonly version: 1
  readonly call: CallIdentity
  readonly profile: AgentProfile
  readonly streamFormat: AudioFormat
  readonly maxCallMs: number
  readonly mediaDeadlineMs: number
}

/** How the engine was set up, without its address and key. */
export interface TapedEngineSetup {
  readonly name: EngineName
  readonly transcribesAll: boolean
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly tools: readonly ToolSpec[]
  /** What only a realtime engine has. */
  readonly realtime: { readonly model: string; readonly voice: string; readonly audio: 'auto' | 'pcm' } | null
}

/** How a media socket is read. */
export interface TapedMediaSetup {
  readonly dialect: 'telnyx' | 'twilio'
  readonly idleTimeoutMs: number
  /** Of L16; what is presumed and known of it at the time. */
  readonly l16ByteOrder?: 'auto' | 'le' | 'be'
  readonly presumedByteOrder?: { readonly current: 'le' | 'be'; readonly known: boolean }
}

/** `t`: milliseconds since the call was answered. `socket`: which one of this wire, where it is not the first. */
interface OnWire {
  readonly t: number
  readonly wire: TapeWire
  readonly socket?: number
}

/** Something from outside. `same`: it came with the one before, and no promise had its turn between them. */
interface Incoming {
  readonly same?: true
}

/**
 * What crossed the wires of a call, in order. An engine without a socket has its contract for a wire: a method called
 * is `out`, an event is `in`, and `during` is the number of the call, from 1, that it came out of.
 */
export type TapeLine =
  | { readonly t: number; readonly kind: 'engine'; readonly setup: TapedEngineSetup }
  | (OnWire & Incoming & { readonly kind: 'open'; readonly media?: TapedMediaSetup })
  | (OnWire & Incoming & { readonly kind: 'in'; readonly data: string; readonly during?: number })
  | (OnWire & { readonly kind: 'out'; readonly data: string })
  /** We close the socket. */
  | (OnWire & { readonly kind: 'shut' })
  /** The other end closed it, or it broke. */
  | (OnWire & Incoming & { readonly kind: 'close'; readonly code: number })
  | (OnWire & Incoming & { readonly kind: 'pong' })
  /** It never opened, or broke: `http_401`, `ECONNREFUSED`. */
  | (OnWire & Incoming & { readonly kind: 'failed'; readonly cause: string })
  /** What we find out of a socket as we look at it, before it tells. */
  | (OnWire & { readonly kind: 'state'; readonly state: SocketState })
  /** What the nth run of a tool came back with; null: it failed. */
  | (Incoming & {
      readonly t: number
      readonly kind: 'tool'
      readonly run: number
      readonly output: string | null
    })
  /** The session was told to do this by somebody who is on neither wire: the operator, or a tool. */
  | (Incoming & {
      readonly t: number
      readonly kind: 'command'
      /** Path of the method: `say`, `muting.set`. */
      readonly name: string
      readonly args: readonly unknown[]
    })
  /** `outside`: by a webhook, the operator or the server, not by what is on the tape. */
  | (Incoming & {
      readonly t: number
      readonly kind: 'ended'
      readonly reason: EndReason
      readonly outside: boolean
    })

export interface SocketState {
  /** Of the WebSocket, once it is past open. */
  readonly readyState?: number
  /** Waiting to be sent, where it is much. */
  readonly bufferedBytes?: number
  /** The stream's token was refused. */
  readonly refused?: true
}

/** Records one call. Nothing in it throws or waits. */
export interface CallTape {
  /** The call's clock, in place of the common one. */
  readonly clock: Clock
  engine(setup: TapedEngineSetup): void
  /** Ends the tape here, and the call goes on: what follows could not be replayed. */
  cut(): void
  /** A new socket; `media` for the carrier's. */
  open(wire: TapeWire, media?: TapedMediaSetup): WireTape
  /** The same session, with what others tell it to do on the tape. */
  commands<T extends object>(session: T): T
  /** The same tools, with what they come back with on the tape. */
  tools(tools: readonly Tool[]): Tool[]
}

/** Records one socket. */
export interface WireTape {
  /** A text frame from the other end, before anybody acts on it. */
  received(data: string, during?: number): void
  /** A text frame to the other end. */
  sent(data: string): void
  shut(): void
  closed(code: number): void
  pong(): void
  failed(cause: string): void
  state(state: SocketState): void
}
