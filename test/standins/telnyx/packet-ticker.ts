import { performance } from 'node:perf_hooks'

const PACKET_MS = 20
/** Calls are spread over this many moments of a packet, since real callers do not breathe in step. */
const PHASES = 4

/**
 * Wakes every call once per 20 ms packet with one timer for all of them. Due times are absolute, so lateness of the
 * event loop never adds up; a task that was late finds out from the clock how much it has to catch up on.
 */
export class PacketTicker {
  readonly #startedAt = performance.now()
  readonly #phases: Set<(at: number) => void>[] = Array.from({ length: PHASES }, () => new Set())
  #nextTick = 0
  #timer: NodeJS.Timeout | null = null

  /** Returns the function that takes the task off again. */
  add(task: (at: number) => void): () => void {
    const phase = this.#phases.reduce((emptiest, other) => (other.size < emptiest.size ? other : emptiest))
    phase.add(task)
    if (this.#timer === null) {
      this.#nextTick = Math.ceil(this.#tickAt(performance.now()))
      this.#schedule()
    }
    return () => phase.delete(task)
  }

  #tickAt(at: number): number {
    return ((at - this.#startedAt) * PHASES) / PACKET_MS
  }

  #schedule(): void {
    this.#timer = null
    if (this.#phases.every((phase) => phase.size === 0)) return
    while (this.#phases[this.#nextTick % PHASES]!.size === 0) this.#nextTick++
    const dueAt = this.#startedAt + (this.#nextTick * PACKET_MS) / PHASES
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(dueAt - performance.now())))
  }

  #run(): void {
    const late = Math.floor(this.#tickAt(performance.now())) - this.#nextTick
    const due = Math.min(PHASES, 1 + Math.max(0, late))
    for (let i = 0; i < due; i++) {
      const phase = this.#phases[(this.#nextTick + i) % PHASES]!
      for (const task of phase) task(performance.now())
    }
    this.#nextTick += 1 + Math.max(0, late)
    this.#schedule()
  }
}
