import { type AudioFormat, durationMs } from '../../audio/format.ts'
import type { AgentEngineEvents } from '../../sessions/contracts/agent-engine.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { EventFields } from './engine-events.ts'

/** What was asked for and has not come within this will not come. */
const EXPECTED_MS = 10_000

/** What is open between a call and its engine; and when nothing is, and nobody speaks, as far as the engine can tell. */
export class Lull {
  readonly #clock: Clock
  readonly #format: AudioFormat
  #utteranceId: string | null = null
  readonly #wordless = new Set<string>()
  readonly #replies = new Set<string>()
  readonly #calls = new Set<string>()
  /** When the engine was last given something to answer. */
  #askedAt = Number.NEGATIVE_INFINITY
  #isAnswered = true
  /** Until then the caller hears what was made, by its length. */
  #audibleUntil = 0

  /** `format`: of the engine's audio. */
  constructor(options: { clock: Clock; format: AudioFormat }) {
    this.#clock = options.clock
    this.#format = options.format
  }

  get isNow(): boolean {
    const now = this.#clock.now()
    const isSilent = this.#utteranceId === null && this.#replies.size === 0 && now >= this.#audibleUntil
    if (!isSilent || this.#calls.size > 0) return false
    return now - this.#askedAt >= EXPECTED_MS || (this.#isAnswered && this.#wordless.size === 0)
  }

  /** The engine has something to answer. */
  asked(): void {
    this.#askedAt = this.#clock.now()
    this.#isAnswered = false
  }

  /** What the engine tells. */
  note(name: keyof AgentEngineEvents, { id, payload, replyId, utteranceId }: EventFields): void {
    if (name === 'callerSpeechStarted') this.#utteranceId = utteranceId
    else if (name === 'callerSpeechStopped') this.#callerStopped(utteranceId)
    else if (name === 'callerTranscript') this.#wordless.delete(utteranceId)
    else if (name === 'audio') this.#sounds(replyId, payload)
    else if (name === 'replyDone') this.#replies.delete(replyId)
    else if (name === 'toolCall') this.#calls.add(id)
  }

  /** The caller hears nothing more of what was made. */
  interrupted(): void {
    this.#audibleUntil = 0
  }

  /** Returns whether the engine waits for it, and not one that was lost since. */
  toolReturned(toolCallId: string): boolean {
    this.asked()
    return this.#calls.delete(toolCallId)
  }

  /** What it left open, and what will not be closed by the next one. */
  engineLost(): { replyIds: readonly string[]; utteranceId: string | null } {
    const open = { replyIds: [...this.#replies], utteranceId: this.#utteranceId }
    this.#replies.clear()
    this.#calls.clear()
    this.#wordless.clear()
    this.#utteranceId = null
    return open
  }

  #callerStopped(utteranceId: string): void {
    this.#utteranceId = null
    // Words that have not come by now are not waited for.
    this.#wordless.clear()
    this.#wordless.add(utteranceId)
    this.asked()
  }

  #sounds(replyId: string, payload: Uint8Array): void {
    this.#replies.add(replyId)
    this.#isAnswered = true
    const from = Math.max(this.#audibleUntil, this.#clock.now())
    this.#audibleUntil = from + durationMs(this.#format, payload.byteLength)
  }
}
