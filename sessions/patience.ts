import type { AgentEngine } from './contracts/agent-engine.ts'
import { asksForPauses } from './pausing-answers.ts'

/** Replies whose text is kept: those that have not ended. */
const REMEMBERED_REPLIES = 4

/**
 * Lets callers pause where the agent has asked for what is said with pauses: a number, an address, a spelling. Holds
 * until the agent has answered them without asking for more of the kind.
 */
export class Patience {
  readonly #engine: AgentEngine
  readonly #extraMs: number
  readonly #language: string
  readonly #replies = new Map<string, string>()
  #patient = false
  #callerSpoke = false

  /** `extraMs`: 0 for none at all. `language`: BCP 47. */
  constructor(options: { engine: AgentEngine; extraMs: number; language: string }) {
    this.#engine = options.engine
    this.#extraMs = options.extraMs
    this.#language = options.language
  }

  callerSpoke(): void {
    this.#callerSpoke = true
  }

  /** The next piece of a reply's text. */
  agentSays(replyId: string, delta: string): void {
    if (this.#extraMs <= 0) return
    const text = this.#replies.get(replyId)
    this.#replies.set(replyId, text === undefined ? delta : text + delta)
    if (this.#replies.size <= REMEMBERED_REPLIES) return
    const [oldest] = this.#replies.keys()
    if (oldest !== undefined) this.#replies.delete(oldest)
  }

  /** No more of this reply comes: what it asked for is known. */
  agentSaid(replyId: string): void {
    const text = this.#replies.get(replyId)
    if (text === undefined) return
    this.#replies.delete(replyId)
    if (asksForPauses(text, this.#language)) this.#set(true)
    // What the agent says before the caller has answered, a reminder, say, takes nothing back.
    else if (this.#callerSpoke) this.#set(false)
  }

  #set(patient: boolean): void {
    this.#callerSpoke = false
    if (this.#patient === patient) return
    this.#patient = patient
    this.#engine.setPatience(patient ? this.#extraMs : 0)
  }
}
