/**
 * Memory for one frame of audio that is used again for the next: it grows to the largest frame seen, and hands out
 * the same views as long as frames keep their size, so that steady media allocates nothing.
 *
 * Every view shares the one memory from its start, with whatever the last frame left there. Samples are in host
 * order, which is little-endian wherever Node runs.
 */
export class FrameBuffer {
  #memory = new ArrayBuffer(0)
  #samples = new Int16Array(this.#memory)
  #bytes = new Uint8Array(this.#memory)

  /** A view of exactly `length` 16-bit samples. */
  samples(length: number): Int16Array {
    if (this.#samples.length !== length) {
      this.#reserve(length * 2)
      this.#samples = new Int16Array(this.#memory, 0, length)
    }
    return this.#samples
  }

  /** A view of exactly `length` bytes. */
  bytes(length: number): Uint8Array {
    if (this.#bytes.length !== length) {
      this.#reserve(length)
      this.#bytes = new Uint8Array(this.#memory, 0, length)
    }
    return this.#bytes
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#memory.byteLength) return
    this.#memory = new ArrayBuffer(sizeBytes + (sizeBytes % 2))
    this.#samples = new Int16Array(this.#memory)
    this.#bytes = new Uint8Array(this.#memory)
  }
}
