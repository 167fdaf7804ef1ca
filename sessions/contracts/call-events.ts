import type { AudioFormat } from '../../audio/format.ts'
import type { EngineName, UsageRecord } from './agent-engine.ts'
import type { CarrierName, TransferOutcome } from './carrier.ts'

/** What a call is known by, from its first event on. */
export interface CallIdentity {
  /** Ours, a UUID. */
  readonly callId: string
  readonly carrier: CarrierName
  /** Theirs: Telnyx `call_control_id`, Twilio `CallSid`; our own for a test call. */
  readonly carrierCallId: string
  readonly direction: 'inbound' | 'outbound'
  /** E.164 where the carrier gave one. */
  readonly from: string | null
  readonly to: string | null
  readonly agentId: string
}

export type EndReason =
  | 'caller_hung_up'
  | 'agent_hung_up'
  | 'operator'
  | 'transferred'
  | 'silence'
  | 'max_length'
  | 'media_lost'
  | 'engine_failed'
  | 'connect_timeout'
  | 'rejected_capacity'
  | 'draining'
  | 'carrier_failed'
  | 'server_lost'
  | 'internal'

/** Milliseconds; null where there was nothing to measure (the greeting has no caller's end; an unheard reply no playout). */
export interface TurnLatency {
  /** Caller's last speech → first frame of the reply played. The sum of the other three. */
  readonly responseMs: number | null
  /** Caller's last speech → the engine decided that the turn had ended. */
  readonly endpointMs: number | null
  /** That decision → the engine's first audio. */
  readonly engineMs: number | null
  /** The engine's first audio → first frame played to the caller. */
  readonly playoutMs: number | null
}

/** What one speaker did in one turn. Instants are epoch milliseconds. */
export interface TurnSide {
  readonly saidText: string
  /** For the agent: the words that were played, by the playback account. For the caller: the same as `saidText`. */
  readonly heardText: string
  readonly startedAt: number
  readonly endedAt: number
}

/** One exchange: the caller speaks, the agent replies. Turn 0 is the greeting and has no caller. */
export interface TurnRecord {
  readonly turnIndex: number
  readonly caller: TurnSide | null
  readonly agent: TurnSide | null
  /** Whether the caller cut the agent's reply. */
  readonly interrupted: boolean
  /** Milliseconds of the reply that the caller heard, and that the engine made. */
  readonly heardMs: number
  readonly saidMs: number
  readonly latency: TurnLatency
}

/** `text`: what was to be said or whispered; `to`: E.164. */
export type OperatorAction =
  | { readonly action: 'say' | 'whisper'; readonly text: string }
  | { readonly action: 'mute' | 'unmute'; readonly party: 'agent' | 'caller' }
  | { readonly action: 'transfer'; readonly to: string }
  | { readonly action: 'listen'; readonly tracks: readonly ('inbound' | 'outbound')[] }
  | { readonly action: 'end' }

/**
 * Everything that happens to a call, as the session and the control leg publish it. Store, log, metrics and
 * monitoring sockets subscribe; none of them is known to the publisher.
 */
export type CallEvent =
  | { type: 'call.initiated' }
  /** The control leg is up: usage minutes count from here. */
  | { type: 'call.answered' }
  | { type: 'stream.requested'; streamUrl: string; parameters: Readonly<Record<string, unknown>> }
  | {
      type: 'stream.connected'
      inboundFormat: AudioFormat
      outboundFormat: AudioFormat
      streamId: string | null
    }
  | {
      type: 'session.ready'
      engine: EngineName
      connectMs: number
      inputFormat: AudioFormat
      outputFormat: AudioFormat
    }
  | {
      type:
        | 'audio.first_from_caller'
        | 'audio.first_to_engine'
        | 'audio.first_from_engine'
        | 'audio.first_to_caller'
      /** Since the call was answered. */
      afterMs: number
    }
  | { type: 'transcript'; turnIndex: number; speaker: 'caller' | 'agent'; text: string; final: boolean }
  /** A turn is over; published again with the same index when something late changes it. */
  | {
      type: 'turn.completed'
      turn: TurnRecord
      revised: boolean
      /** Revised, and only now is it known how fast the answer was. */
      measuredLate?: boolean
    }
  | { type: 'turn.interrupted'; turnIndex: number; heardMs: number; saidMs: number; clearMs: number }
  /** The speech that the agent was stopped for turned out to be nothing; the reply goes on. */
  | { type: 'turn.resumed'; turnIndex: number; afterMs: number }
  /** The agent's own voice came back from the caller's loudspeaker: no barge-in. */
  | { type: 'echo.suspected'; turnIndex: number }
  | { type: 'dtmf'; digit: string }
  | {
      type: 'tool.called'
      tool: string
      durationMs: number
      ok: boolean
      code: string | null
      /** JSON as the model wrote it; its beginning as text where it is none, or too much of it. Never to be logged. */
      arguments: unknown
      /** What the model was told, likewise; null where the call ended before. */
      result: unknown
    }
  /** What the operator did to this call; `by`: the name they gave, or `operator`; `address`: where it came from. */
  | ({ type: 'operator.action'; by: string; address: string } & OperatorAction)
  /** `to`: E.164. */
  | { type: 'transfer.completed'; to: string; outcome: TransferOutcome }
  /** The call is being recorded from here on; `consent`: the caller has been told so, and has not refused. */
  | { type: 'recording.started'; consent: boolean }
  /** The recording is over before the call is: the caller refused it, or the disk did. Only the first deletes it. */
  | { type: 'recording.stopped'; reason: 'refused' | 'disk' }
  | { type: 'usage'; records: readonly UsageRecord[] }
  | { type: 'media.malformed'; cause: string }
  | { type: 'engine.trouble'; code: string }
  | { type: 'engine.failed'; code: string; retryable: boolean; detail: string | null }
  /** A webhook of the carrier, under its own name. */
  | {
      type: 'carrier.event'
      name: string
      eventId: string
      occurredAt: number
      payload: Readonly<Record<string, unknown>>
    }
  /** Every 5 s of a live call, so that a crash leaves a trace of how long it lasted. */
  | { type: 'call.heartbeat' }
  /** Exactly once, and the last but for `carrier.event` and revised turns. */
  | {
      type: 'call.ended'
      reason: EndReason
      /** What exactly: `busy`, `no_answer`, `machine`, a carrier's error code. */
      detail?: string | null
      /** null where the call was never answered: then there are no usage minutes. */
      answeredAt: number | null
      /** Answer to end; 0 where never answered. */
      durationMs: number
      turns: number
      interruptions: number
      p50ResponseMs: number | null
      p95ResponseMs: number | null
      /** Answer to the first frame of the greeting played; null where it never was. */
      answerToGreetingMs: number | null
      /** The longest that the caller waited for the agent: after the answer, after their own words, after a tool. */
      deadAirMs: number
    }

export interface PublishedCallEvent {
  readonly call: CallIdentity
  /** Epoch milliseconds. */
  readonly at: number
  readonly event: CallEvent
}

export type CallEventListener = (published: PublishedCallEvent) => void

/** The one bus. `publish` never throws: a listener's fault is its own. What was published is not changed any more. */
export interface CallEvents {
  publish(call: CallIdentity, event: CallEvent): void
  /** `hears`: which types of events are for this listener, the same at any time; all where missing. Returns the function that unsubscribes. */
  subscribe(listener: CallEventListener, hears?: (type: CallEvent['type']) => boolean): () => void
}
