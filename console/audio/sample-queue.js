/** Samples that wait to be played, in order. */
export class SampleQueue {
  /** @type {Float32Array[]} */
  #chunks = []
  #offset = 0
  #length = 0

  get length() {
    return this.#length
  }

  /** @param {Float32Array} samples */
  push(samples) {
    if (samples.length === 0) return
    this.#chunks.push(samples)
    this.#length += samples.length
  }

  /** Fills `target` from its beginning. Returns how many samples there were; the rest is left as it is. @param {Float32Array} target */
  take(target) {
    let filled = 0
    while (filled < target.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]
      const part = chunk.subarray(this.#offset, this.#offset + target.length - filled)
      target.set(part, filled)
      filled += part.length
      this.#offset += part.length
      if (this.#offset === chunk.length) {
        this.#chunks.shift()
        this.#offset = 0
      }
    }
    this.#length -= filled
    return filled
  }

  clear() {
    this.#chunks = []
    this.#offset = 0
    this.#length = 0
  }
}
