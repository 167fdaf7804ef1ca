import { AudioQueue } from '../audio/audio-queue.ts'
import { type AudioFormat, bytesPerMs, bytesPerSample } from '../audio/format.ts'

/** Heard audio kept behind the playhead: a resumed reply goes back to the start of a word. */
const KEPT_BEHIND_MS = 1000

/** Audio of one reply that the caller has not heard yet, with a little of what was heard last. */
export class ReplyBuffer {
  readonly #format: AudioFormat
  readonly #audio = new AudioQueue()
  /** Where each payload that is kept ends, in bytes of the reply. */
  readonly #ends: number[] = []

  constructor(format: AudioFormat) {
    this.#format = format
  }

  /** `payload` may be reused after the call. */
  append(payload: Uint8Array): void {
    this.#audio.append(payload)
    this.#ends.push(this.#audio.end)
  }

  /** The caller has heard this much: what is well behind it is dropped. */
  heard(ms: number): void {
    this.#audio.forgetBefore(this.#bytesAt(ms - KEPT_BEHIND_MS))
    while (this.#ends.length > 0 && this.#ends[0] <= this.#audio.start) this.#ends.shift()
  }

  /** Copies of everything from `ms` of the reply on, in the pieces in which it came. */
  from(ms: number): Uint8Array[] {
    let from = Math.max(this.#bytesAt(ms), this.#audio.start)
    const pieces: Uint8Array[] = []
    for (const end of this.#ends) {
      if (end <= from) continue
      pieces.push(this.#audio.read(from, end))
      from = end
    }
    return pieces
  }

  /** Nobody will ask for it again. */
  release(): void {
    this.#audio.forgetBefore(this.#audio.end)
    this.#ends.length = 0
  }

  #bytesAt(ms: number): number {
    const size = bytesPerSample(this.#format)
    return Math.floor((Math.max(0, ms) * bytesPerMs(this.#format)) / size) * size
  }
}
