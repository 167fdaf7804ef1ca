import type { Clock } from '../sessions/contracts/clock.ts'

/** A clock that moves only when told to, running what falls due on the way. */
export class VirtualClock implements Clock {
  #now: number
  #tasks: { readonly at: number; readonly task: () => void }[] = []

  constructor(startAt = 1_700_000_000_000) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Timers that are still set. */
  get pending(): number {
    return this.#tasks.length
  }

  /** When the next timer falls due; null of none. */
  get nextAt(): number | null {
    return this.#tasks.reduce<number | null>(
      (next, { at }) => (next === null ? at : Math.min(next, at)),
      null
    )
  }

  advance(ms: number): void {
    this.advanceTo(this.#now + ms)
  }

  advanceTo(until: number): void {
    for (;;) {
      const due = this.#tasks.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#now = Math.max(this.#now, due.at)
      this.#tasks = this.#tasks.filter((other) => other !== due)
      due.task()
    }
    this.#now = Math.max(this.#now, until)
  }
}
