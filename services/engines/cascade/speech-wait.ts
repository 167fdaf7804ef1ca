import type { Clock } from '../../../sessions/contracts/clock.ts'

/** How long speech has waited for an answer: in its own time, and by the clock, since audio may come in a burst. */
export class SpeechWait {
  readonly #clock: Clock
  #speechMs = 0
  #since = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(ms: number): void {
    if (this.#speechMs === 0) this.#since = this.#clock.now()
    this.#speechMs += ms
  }

  over(ms: number): boolean {
    return this.#speechMs >= ms && this.#clock.now() - this.#since >= ms
  }

  reset(): void {
    this.#speechMs = 0
  }
}
