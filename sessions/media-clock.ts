/** The nominal distance of inbound frames: how far the clock may run ahead of the last one. */
const FRAME_MS = 20
/** Longer without a frame is no jitter: the carrier has paused, or its frames are held up. The wall clock takes over. */
const STALL_MS = 100

/**
 * The carrier's own time, counted in milliseconds of caller audio received. The carrier plays the agent's audio by the
 * same clock as it records the caller, so a span on this clock is a span of what the caller heard, and a constant
 * network delay cancels. Between frames it runs on by the wall clock for at most a frame; in a stall by the wall clock
 * alone, and frames that come late in a burst are then not counted twice.
 */
export class MediaClock {
  #positionMs = 0
  #lastAt: number
  /** Time already counted by the wall clock in a stall, which a burst of late frames may bring again. */
  #creditMs = 0

  constructor(now: number) {
    this.#lastAt = now
  }

  /** `ms` of caller audio came at `now`. */
  advance(ms: number, now: number): void {
    const elapsedMs = now - this.#lastAt
    this.#lastAt = now
    if (elapsedMs > STALL_MS && elapsedMs > ms) {
      this.#positionMs += elapsedMs
      this.#creditMs += elapsedMs - ms
      return
    }
    if (elapsedMs >= ms * 0.75) this.#creditMs = 0
    const repeatedMs = Math.min(this.#creditMs, Math.max(0, ms - elapsedMs))
    this.#creditMs -= repeatedMs
    this.#positionMs += ms - repeatedMs
  }

  /** Carrier time at the end of the caller's last frame. */
  get positionMs(): number {
    return this.#positionMs
  }

  /** Where the caller audio received so far ends: short of `positionMs` by what a stall has held up, or lost. */
  get recordedMs(): number {
    return this.#positionMs - this.#creditMs
  }

  /** Milliseconds of carrier time at `now`. */
  at(now: number): number {
    const elapsedMs = Math.max(0, now - this.#lastAt)
    return this.#positionMs + (elapsedMs > STALL_MS ? elapsedMs : Math.min(elapsedMs, FRAME_MS))
  }
}
