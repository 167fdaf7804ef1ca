import type { LineState } from './media-leg.ts'

/** The greeting is over when nothing has been played for this long. */
const GREETING_PAUSE_MS = 700
/** An agent that does not greet is spoken to after this long. */
const GREETING_TIMEOUT_MS = 10_000
/** A reply is over when nothing has been played for this long: above the pauses between its sentences. */
const REPLY_PAUSE_MS = 900
/** A reply that has not begun by then is given up. */
const REPLY_TIMEOUT_MS = 12_000
/** After the last reply, the agent has this long to hang up, or to say more. */
const LAST_PAUSE_MS = 3000

export type ScriptAction =
  | { readonly type: 'take_turn'; readonly turn: number; readonly bargeIn: boolean }
  | { readonly type: 'hang_up' }

export type ScriptNote =
  | { readonly type: 'agent_started' }
  | { readonly type: 'agent_paused' }
  | { readonly type: 'no_greeting'; readonly afterMs: number }
  | { readonly type: 'no_reply'; readonly turn: number; readonly afterMs: number }

export interface ScriptStep {
  readonly action: ScriptAction | null
  readonly notes: readonly ScriptNote[]
}

/**
 * How the caller behaves: listens to the greeting, takes its turns one after the other, each when the reply to the one
 * before is over, listens to the last reply, and hangs up unless the agent does. It is asked once a frame and only
 * answers; all time is that of the line.
 */
export class CallScript {
  readonly #turns: number
  readonly #bargeInMs: number | null
  /** The turn taken last; -1 while the greeting is listened to. */
  #turn = -1
  #taking = false
  #listeningSinceMs = 0
  #replyHeardAtMs: number | null = null
  #lastPlayedAtMs: number | null = null
  #agentSpeaking = false

  /** `bargeInMs`: into the reply to the first turn, the second begins; null: nobody is interrupted. */
  constructor(options: { turns: number; bargeInMs: number | null }) {
    this.#turns = options.turns
    this.#bargeInMs = options.bargeInMs
  }

  next(line: LineState): ScriptStep {
    const notes: ScriptNote[] = []
    this.#listen(line, notes)
    if (this.#taking) {
      if (line.callerBusy) return { action: null, notes }
      this.#taking = false
      this.#listeningSinceMs = line.atMs
    }
    return { action: this.#decide(line, notes), notes }
  }

  #listen({ atMs, agentPlaying, agentAudible }: LineState, notes: ScriptNote[]): void {
    if (agentPlaying) this.#lastPlayedAtMs = atMs
    if (agentAudible && !this.#agentSpeaking) {
      this.#agentSpeaking = true
      notes.push({ type: 'agent_started' })
    }
    if (this.#agentSpeaking && this.#pauseMs(atMs) >= GREETING_PAUSE_MS) {
      this.#agentSpeaking = false
      notes.push({ type: 'agent_paused' })
    }
    if (agentAudible && !this.#taking) this.#replyHeardAtMs ??= atMs
  }

  #decide({ atMs }: LineState, notes: ScriptNote[]): ScriptAction | null {
    const last = this.#turn === this.#turns - 1
    if (this.#replyHeardAtMs === null) return this.#stillWaiting(atMs, last, notes)
    const interrupting =
      this.#turn === 0 && this.#bargeInMs !== null && atMs - this.#replyHeardAtMs >= this.#bargeInMs
    if (interrupting && !last) return this.#takeTurn(this.#pauseMs(atMs) === 0)
    const pauseMs = this.#turn < 0 ? GREETING_PAUSE_MS : last ? LAST_PAUSE_MS : REPLY_PAUSE_MS
    if (this.#pauseMs(atMs) < pauseMs) return null
    return last ? { type: 'hang_up' } : this.#takeTurn(false)
  }

  #stillWaiting(atMs: number, last: boolean, notes: ScriptNote[]): ScriptAction | null {
    const afterMs = this.#turn < 0 ? GREETING_TIMEOUT_MS : REPLY_TIMEOUT_MS
    if (atMs - this.#listeningSinceMs < afterMs) return null
    notes.push(
      this.#turn < 0 ? { type: 'no_greeting', afterMs } : { type: 'no_reply', turn: this.#turn, afterMs }
    )
    return last ? { type: 'hang_up' } : this.#takeTurn(false)
  }

  #takeTurn(bargeIn: boolean): ScriptAction {
    this.#turn += 1
    this.#taking = true
    this.#replyHeardAtMs = null
    return { type: 'take_turn', turn: this.#turn, bargeIn }
  }

  /** Milliseconds since the agent was last played; 0 while it plays. */
  #pauseMs(atMs: number): number {
    return this.#lastPlayedAtMs === null ? Number.POSITIVE_INFINITY : atMs - this.#lastPlayedAtMs
  }
}
