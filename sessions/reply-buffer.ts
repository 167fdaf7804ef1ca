import { type AudioFormat, bytesPerMs, bytesPerSample } from '../audio/format.ts'

/** Heard audio kept behind the playhead: a resumed reply goes back to the start of a word. */
const KEPT_BEHIND_MS = 1000

/** Audio of one reply that the caller has not heard yet, with a little of what was heard last. */
export class ReplyBuffer {
  readonly #format: AudioFormat
  #chunks: Uint8Array[] = []
  /** Of the first chunk, in bytes of the reply. */
  #startBytes = 0

  constructor(format: AudioFormat) {
    this.#format = format
  }

  /** `payload` is kept, and must stay as it is. */
  append(payload: Uint8Array): void {
    this.#chunks.push(payload)
  }

  /** The caller has heard this much: what is well behind it is dropped. */
  heard(ms: number): void {
    const keepFrom = this.#bytesAt(ms - KEPT_BEHIND_MS)
    while (this.#chunks.length > 0 && this.#startBytes + this.#chunks[0].byteLength <= keepFrom) {
      this.#startBytes += this.#chunks[0].byteLength
      this.#chunks.shift()
    }
  }

  /** Everything from `ms` of the reply on. */
  from(ms: number): Uint8Array[] {
    let skip = Math.max(0, this.#bytesAt(ms) - this.#startBytes)
    const rest: Uint8Array[] = []
    for (const chunk of this.#chunks) {
      if (skip < chunk.byteLength) rest.push(chunk.subarray(skip))
      skip = Math.max(0, skip - chunk.byteLength)
    }
    return rest
  }

  #bytesAt(ms: number): number {
    const size = bytesPerSample(this.#format)
    return Math.floor((Math.max(0, ms) * bytesPerMs(this.#format)) / size) * size
  }
}
