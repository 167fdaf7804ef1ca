/** The last samples of a stream. */
export class SampleHistory {
  readonly #ring: Float64Array
  readonly #unrolled: Float64Array
  #next = 0

  constructor(length: number) {
    this.#ring = new Float64Array(length)
    this.#unrolled = new Float64Array(length)
  }

  push(samples: Float64Array): void {
    const kept = samples.length > this.#ring.length ? samples.subarray(-this.#ring.length) : samples
    const first = Math.min(kept.length, this.#ring.length - this.#next)
    this.#ring.set(kept.subarray(0, first), this.#next)
    this.#ring.set(kept.subarray(first), 0)
    this.#next = (this.#next + kept.length) % this.#ring.length
  }

  /** All of them, oldest first; zeros where there were fewer. Valid until the next call. */
  last(): Float64Array {
    this.#unrolled.set(this.#ring.subarray(this.#next), 0)
    this.#unrolled.set(this.#ring.subarray(0, this.#next), this.#ring.length - this.#next)
    return this.#unrolled
  }
}
