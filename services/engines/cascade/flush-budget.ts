import type { Clock } from '../../../sessions/contracts/clock.ts'

/** "The maximum number of times you can send the Flush message is 20 times every 60 seconds" (Deepgram). */
const LIMIT = 20
const WINDOW_MS = 61_000
/** What is kept for the ends of replies, which never come without a flush. */
const RESERVE = 8

/** Flushes of one connection. */
export class FlushBudget {
  readonly #clock: Clock
  #sentAt: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether there is one to spare for words that would be made in a moment anyway. */
  get toSpare(): boolean {
    return this.#recent().length < LIMIT - RESERVE
  }

  /** Milliseconds until the next one may be sent; 0: now. */
  get waitMs(): number {
    const recent = this.#recent()
    if (recent.length < LIMIT) return 0
    return recent[0] + WINDOW_MS - this.#clock.now()
  }

  sent(): void {
    this.#sentAt.push(this.#clock.now())
  }

  #recent(): number[] {
    const since = this.#clock.now() - WINDOW_MS
    this.#sentAt = this.#sentAt.filter((at) => at > since)
    return this.#sentAt
  }
}
