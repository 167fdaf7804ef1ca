/** Longer than anybody speaks without a dip between two syllables or words. */
const MEMORY_MS = 1600
const PART_MS = 200

/** The level of the steady noise under a signal: the least of it in the last 1.6 s (minimum statistics, Martin 2001). */
export class NoiseFloor {
  readonly #framesPerPart: number
  /** Least energy of the last parts, the one that is running last. */
  readonly #least: number[] = [Number.POSITIVE_INFINITY]
  #framesInPart = 0

  constructor(options: { frameMs: number }) {
    this.#framesPerPart = PART_MS / options.frameMs
  }

  /** Takes the energy of the next frame; returns the floor, which is never above it. */
  next(energy: number): number {
    const least = this.#least
    if (this.#framesInPart === this.#framesPerPart) {
      least.push(Number.POSITIVE_INFINITY)
      if (least.length > MEMORY_MS / PART_MS) least.shift()
      this.#framesInPart = 0
    }
    this.#framesInPart++
    const running = least.length - 1
    least[running] = Math.min(least[running], energy)
    let floor = energy
    for (const part of least) floor = Math.min(floor, part)
    return floor
  }
}
