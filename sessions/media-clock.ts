/** The nominal distance of inbound frames: how far the clock may run ahead of the last one. */
const FRAME_MS = 20
/** Longer without a frame is no jitter: the carrier has paused, or its frames are held up. The wall clock takes over. */
const STALL_MS = 100
/** Frames at their own pace again for this long: what a stall held up is not coming any more. */
const LOST_AFTER_MS = 400
/** Closer together than this share of their length, frames are those of a burst. */
const PACE = 0.75

/**
 * The carrier's own time, counted in milliseconds of caller audio received. The carrier plays the agent's audio by the
 * same clock as it records the caller, so a span on this clock is a span of what the caller heard, and a constant
 * network delay cancels. Between frames it runs on by the wall clock for at most a frame; in a stall by the wall clock
 * alone, until all that was held up has come or is given up for lost: however broken the burst, nothing counts twice.
 */
export class MediaClock {
  #positionMs = 0
  #lastAt = 0
  /** Time counted by the wall clock in a stall, whose frames have not come yet. */
  #creditMs = 0
  /** Since the last frame of a burst. */
  #onPaceMs = 0

  constructor(now: number) {
    this.#lastAt = now
  }

  /** `ms` of caller audio came at `now`. */
  advance(ms: number, now: number): void {
    const elapsedMs = now - this.#lastAt
    this.#lastAt = now
    const stalled = elapsedMs > STALL_MS && elapsedMs > ms
    if (!stalled && this.#creditMs === 0) {
      this.#positionMs += ms
      return
    }
    this.#positionMs += elapsedMs
    this.#creditMs += elapsedMs - ms
    this.#onPaceMs = !stalled && elapsedMs >= ms * PACE ? this.#onPaceMs + ms : 0
    if (this.#creditMs < 0) this.#positionMs -= this.#creditMs
    if (this.#creditMs < 0 || this.#onPaceMs >= LOST_AFTER_MS) this.#creditMs = 0
  }

  /** Carrier time at the end of the caller's last frame. */
  get positionMs(): number {
    return this.#positionMs
  }

  /** Where the caller audio received so far ends: short of `positionMs` by what a stall holds up, or seems to. */
  get recordedMs(): number {
    return this.#onPaceMs > 0 ? this.#positionMs : this.#positionMs - this.#creditMs
  }

  /** Milliseconds of carrier time at `now`. */
  at(now: number): number {
    const elapsedMs = Math.max(0, now - this.#lastAt)
    const byTheWall = this.#creditMs > 0 || elapsedMs > STALL_MS
    return this.#positionMs + (byTheWall ? elapsedMs : Math.min(elapsedMs, FRAME_MS))
  }
}
