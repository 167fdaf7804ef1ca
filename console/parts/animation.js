/** Waves move smoothly enough at this, and half the work is saved on fast screens; ms. */
const LEAST_INTERVAL_MS = 30

/** One loop for everything that moves on the page; it does not run while nothing does. */
class Animation {
  /** @type {Set<(now: number) => void>} */
  #drawings = new Set()
  #last = 0
  #running = false

  /** Calls `draw` again and again until the returned function is called. @param {(now: number) => void} draw `now` as of performance.now() */
  add(draw) {
    this.#drawings.add(draw)
    if (!this.#running) {
      this.#running = true
      requestAnimationFrame((now) => this.#frame(now))
    }
    return () => void this.#drawings.delete(draw)
  }

  #frame(/** @type {number} */ now) {
    if (this.#drawings.size === 0) {
      this.#running = false
      return
    }
    requestAnimationFrame((next) => this.#frame(next))
    if (now - this.#last < LEAST_INTERVAL_MS) return
    this.#last = now
    for (const draw of this.#drawings) draw(now)
  }
}

export const animation = new Animation()
