/**
 * How long the caller is left waiting for the agent: from the answer to the greeting, from their last word to the
 * reply, from a reply to what it announced. Instants are epoch milliseconds.
 */
export class DeadAir {
  readonly #answeredAt: number
  #waitingSince: number | null
  #longestMs = 0
  #greetedAt: number | null = null

  constructor(answeredAt: number) {
    this.#answeredAt = answeredAt
    this.#waitingSince = answeredAt
  }

  /** The caller expects the agent from `at` on. */
  waits(at: number): void {
    this.#waitingSince = at
  }

  /** The same, where they do not already. */
  keepsWaiting(at: number): void {
    this.#waitingSince ??= at
  }

  /** What the caller said was nothing to answer. */
  expectsNothing(): void {
    this.#waitingSince = null
  }

  /** The caller begins to hear the agent. */
  heard(at: number): void {
    this.#greetedAt ??= at
    this.#count(at)
    this.#waitingSince = null
  }

  /** The call is over. Whole milliseconds. */
  end(at: number): { answerToGreetingMs: number | null; longestMs: number } {
    this.#count(at)
    return {
      answerToGreetingMs: this.#greetedAt === null ? null : Math.round(this.#greetedAt - this.#answeredAt),
      longestMs: Math.round(this.#longestMs)
    }
  }

  #count(at: number): void {
    if (this.#waitingSince !== null) this.#longestMs = Math.max(this.#longestMs, at - this.#waitingSince)
  }
}
