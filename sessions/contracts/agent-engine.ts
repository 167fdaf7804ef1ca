import type { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../audio/format.ts'
import type { CallError } from '../errors.ts'
import type { ToolSpec } from './agent-profile.ts'

export type EngineName = 'realtime' | 'cascade' | 'local'

export interface SayOptions {
  /** There is no time to wait for the caller: an engine that can speaks into their words. */
  readonly atOnce?: boolean
}

/**
 * The thing that listens and talks: speech-to-speech, STT → LLM → TTS, or the embedded agent. It finds the caller's
 * turns by itself and starts its replies by itself; the session decides what of a reply the caller gets to hear.
 *
 * Methods never throw and do nothing after `close()` or `failed`. Events come only between `connect()` and `close()`.
 */
export interface AgentEngine extends EventEmitter<AgentEngineEvents> {
  readonly name: EngineName
  /** What `sendAudio` takes. Fixed when the engine is made. */
  readonly inputFormat: AudioFormat
  /** What the `audio` event carries. Fixed when the engine is made. */
  readonly outputFormat: AudioFormat
  /**
   * Whether each utterance gets its `callerTranscript`, however late, empty where it was nothing. Otherwise silence
   * for a while means the same.
   */
  readonly transcribesAll: boolean
  /**
   * Resolves when the engine is configured and ready for audio. Rejects with a CallError (ENGINE_CONNECT) after its
   * own deadline, when it is refused, or when `signal` aborts.
   */
  connect(signal: AbortSignal): Promise<void>
  /** Speaks first: the agent's greeting, as one reply. */
  greet(): void
  /** Caller's audio, continuous, in order. `payload` may be reused after the call. */
  sendAudio(payload: Uint8Array): void
  /** A key that the caller pressed: 0-9, *, #, A-D. */
  sendDigit(digit: string): void
  /** Makes the agent say this text, as a reply, as soon as the caller does not speak. */
  say(text: string, options?: SayOptions): void
  /** Tells only the agent's model. */
  whisper(text: string): void
  /**
   * The caller took the floor. Stops what is being generated, and makes the agent forget what was not heard.
   * `heard` lists every reply that was not played to its end, in order, with what the caller heard of each.
   * `utteranceId`: what the caller took the floor with, where that has ended already; its answer is not stopped.
   */
  interrupt(heard: readonly HeardReply[], utteranceId?: string): void
  /**
   * This utterance was nothing to answer: an acknowledgement, an echo or noise. An answer under way is given up, and the
   * agent forgets the replies of `unheard`, which were kept from the caller.
   */
  dismiss(utteranceId: string, unheard?: readonly string[]): void
  /**
   * These words, spoken over the agent's voice, are the caller's turn: an engine that has no answer to them makes one. It
   * may have given it up, since they, or what came behind them, seemed to be nothing.
   */
  answer(utteranceId: string, text: string): void
  /**
   * The caller heard these words, if any, of a reply that was cut and resumed: the agent should know that it said them.
   * `whole`: as far as it had been made; where the cut stopped the making, the agent may say the rest.
   */
  remember(text: string, whole?: boolean): void
  /**
   * Takes this much more silence for the end of the caller's turn than usual, until told otherwise; 0: as usual. For
   * what is said with pauses: the agent has asked for digits, an address or a spelling. Never shortens what the engine
   * waits by its own judgement.
   */
  setPatience(extraMs: number): void
  /** The agent may call these from now on, in place of those that the engine was made with. */
  setTools(tools: readonly ToolSpec[]): void
  /** Answers a `toolCall`, exactly once each. `reply`: the agent should now speak on. */
  returnToolResult(toolCallId: string, output: string, options: { reply: boolean }): void
  close(): void
}

export interface HeardReply {
  readonly replyId: string
  /** Milliseconds that the caller heard; 0 where the reply was queued and never heard. */
  readonly heardMs: number
  /** Milliseconds of audio received from the engine for this reply; never less than `heardMs`. */
  readonly receivedMs: number
}

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it; not validated. */
  readonly arguments: string
  /** Whether the same response also spoke: then a goodbye, say, has already been said. */
  readonly spoken: boolean
}

/** What a provider will bill. Quantities are never negative; `cached` tokens are already subtracted from the others. */
export interface UsageRecord {
  readonly provider: string
  readonly model: string
  readonly kind: 'llm' | 'stt' | 'tts' | 'carrier'
  /** For example `text_input_token`, `cached_audio_input_token`, `audio_output_token`, `second`, `character`. */
  readonly unit: string
  readonly quantity: number
}

export type AgentEngineEvents = {
  /** The caller began to speak. `utteranceId` ties the later transcript to it. */
  callerSpeechStarted: [utterance: { utteranceId: string }]
  /** The engine decided that the caller has finished. */
  callerSpeechStopped: [utterance: { utteranceId: string }]
  /** What the caller said, whole; may come late, even after the next reply. Empty: speech that was nothing. */
  callerTranscript: [transcript: { utteranceId: string; text: string }]
  /** Audio of a reply in `outputFormat`, valid during the event only. Replies come one after the other. */
  audio: [audio: { replyId: string; payload: Uint8Array }]
  /** Text of a reply: the next piece, to be appended to the pieces before it. */
  agentTranscript: [transcript: { replyId: string; delta: string }]
  /** No more audio or text will come for this reply (finished, cancelled or failed). */
  replyDone: [reply: { replyId: string }]
  toolCall: [call: ToolCall]
  /** What the caller said last may not have been understood, and its words may never come; the agent asks again. */
  misheard: []
  usage: [records: readonly UsageRecord[]]
  /** An error that the engine survived; to be counted. `code` is the provider's. */
  trouble: [trouble: { code: string }]
  /** At most once; the engine is unusable afterwards. */
  failed: [error: CallError]
}
