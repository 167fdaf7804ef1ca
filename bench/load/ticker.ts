import { performance } from 'node:perf_hooks'
import { FRAME_MS } from './load-shape.ts'

export interface Ticked {
  /** Once every 20 ms. */
  sendFrame(now: number): void
  /** Once every 20 ms, half a frame later. */
  converse(now: number): void
}

/**
 * One timer for all calls, which are spread over the milliseconds of a frame as real callers are. Due times are
 * absolute: a late tick makes up for what it missed, so that the load stays what it is said to be.
 */
export class Ticker {
  readonly #slots: Set<Ticked>[] = Array.from({ length: FRAME_MS }, () => new Set())
  #next = 0
  #timer: NodeJS.Timeout | null = null

  add(call: Ticked): void {
    const slot = this.#slots.reduce((emptiest, other) => (other.size < emptiest.size ? other : emptiest))
    slot.add(call)
    if (this.#timer) return
    this.#next = Math.ceil(performance.now())
    this.#schedule()
  }

  clear(): void {
    for (const slot of this.#slots) slot.clear()
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      for (; this.#next <= performance.now(); this.#next++) this.#tick(this.#next)
      if (this.#timer) this.#schedule()
    }, 1)
  }

  #tick(ms: number): void {
    for (const call of this.#slots[ms % FRAME_MS]) call.sendFrame(performance.now())
    for (const call of this.#slots[(ms + FRAME_MS / 2) % FRAME_MS]) call.converse(performance.now())
  }
}
