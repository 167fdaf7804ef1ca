/** Samples that wait to be played, in order. */
export class SampleQueue {
  #chunks: Int16Array[] = []
  /** Samples of the first chunk that are gone. */
  #offset = 0
  #length = 0

  /** Samples that wait. */
  get length(): number {
    return this.#length
  }

  /** Keeps `samples` as they are; they must not change any more. */
  push(samples: Int16Array): void {
    if (samples.length === 0) return
    this.#chunks.push(samples)
    this.#length += samples.length
  }

  /** Fills `frame` with the next samples, then with silence. Returns how many were not silence of its own making. */
  take(frame: Int16Array): number {
    let filled = 0
    while (filled < frame.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]
      const part = chunk.subarray(this.#offset, this.#offset + frame.length - filled)
      frame.set(part, filled)
      filled += part.length
      this.#offset += part.length
      if (this.#offset === chunk.length) {
        this.#chunks.shift()
        this.#offset = 0
      }
    }
    frame.fill(0, filled)
    this.#length -= filled
    return filled
  }

  /** Returns how many samples were dropped. */
  clear(): number {
    const dropped = this.#length
    this.#chunks = []
    this.#offset = 0
    this.#length = 0
    return dropped
  }
}
