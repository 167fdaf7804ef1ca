import type { Clock } from '../../sessions/contracts/clock.ts'

/** Of an hour's call the instants stay short in JSON, and two things are hardly ever that near to each other. */
const GRAIN_PER_MS = 100

interface Task {
  readonly at: number
  readonly run: () => void
  readonly cancel: () => void
}

/**
 * The clock of a call that is being recorded. It stands still while one thing that comes from outside is handled, and
 * what falls due before that is done first, each at its own instant: so handling takes no time, and timers are on the
 * dot. A replay under a virtual clock then sees the very same instants in the very same order, however late the event
 * loop was.
 */
export class TapeClock implements Clock {
  readonly #clock: Clock
  readonly #startedAt: number
  #at: number
  #held = false
  #fresh = true
  #release: NodeJS.Immediate | null = null
  /** By due time. */
  readonly #tasks: Task[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = Math.floor(clock.now())
    this.#at = this.#startedAt
    this.#hold()
  }

  now(): number {
    if (!this.#held) this.#at = Math.max(this.#at, this.#clock.now())
    return this.#at
  }

  after(delayMs: number, task: () => void): () => void {
    const at = this.now() + delayMs
    const cancelTimer = this.#clock.after(at - this.#clock.now(), () => this.#runDue(at))
    const entry: Task = { at, run: task, cancel: cancelTimer }
    const next = this.#tasks.findIndex((other) => other.at > at)
    this.#tasks.splice(next < 0 ? this.#tasks.length : next, 0, entry)
    return () => {
      cancelTimer()
      const index = this.#tasks.indexOf(entry)
      if (index >= 0) this.#tasks.splice(index, 1)
    }
  }

  /** Milliseconds since the call was answered. */
  get elapsedMs(): number {
    return this.now() - this.#startedAt
  }

  /** Whether what happens now was set off by something that has been stepped to, or by a timer. */
  get held(): boolean {
    return this.#held
  }

  /**
   * Something comes from outside: runs what is due, and stands still from here until the event loop goes on. Returns
   * the instant in milliseconds since the answer, exactly; `same`: since the last one no promise had its turn.
   */
  step(): { t: number; same: boolean } {
    const same = !this.#fresh
    const sinceMs = Math.max(this.#clock.now(), this.#at) - this.#startedAt
    const t = Math.ceil(sinceMs * GRAIN_PER_MS) / GRAIN_PER_MS
    this.#runDue(this.#startedAt + t)
    this.#at = this.#startedAt + t
    this.#hold()
    this.#fresh = false
    queueMicrotask(() => {
      this.#fresh = true
    })
    return { t, same }
  }

  #runDue(until: number): void {
    while (this.#tasks.length > 0 && this.#tasks[0].at <= until) {
      const task = this.#tasks.shift() as Task
      task.cancel()
      this.#at = Math.max(this.#at, task.at)
      this.#hold()
      task.run()
    }
  }

  #hold(): void {
    this.#held = true
    this.#release ??= setImmediate(() => {
      this.#held = false
      this.#release = null
    })
  }
}
