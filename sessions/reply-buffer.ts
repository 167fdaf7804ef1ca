import { AudioQueue } from '../audio/audio-queue.ts'
import { type AudioFormat, bytesPerMs, bytesPerSample } from '../audio/format.ts'

/** Heard audio kept behind the playhead: a resumed reply goes back to the start of a word. */
const KEPT_BEHIND_MS = 1000

/** Audio of one reply that the caller has not heard yet, with a little of what was heard last. */
export class ReplyBuffer {
  readonly #format: AudioFormat
  readonly #audio = new AudioQueue()

  constructor(format: AudioFormat) {
    this.#format = format
  }

  /** `payload` may be reused after the call. */
  append(payload: Uint8Array): void {
    this.#audio.append(payload)
  }

  /** The caller has heard this much: what is well behind it is dropped. */
  heard(ms: number): void {
    this.#audio.forgetBefore(this.#bytesAt(ms - KEPT_BEHIND_MS))
  }

  /** Everything from `ms` of the reply on, copied. */
  from(ms: number): Uint8Array[] {
    return this.#audio.pieces(this.#bytesAt(ms))
  }

  /** Nobody will ask for it again. */
  release(): void {
    this.#audio.forgetBefore(this.#audio.end)
  }

  #bytesAt(ms: number): number {
    const size = bytesPerSample(this.#format)
    return Math.floor((Math.max(0, ms) * bytesPerMs(this.#format)) / size) * size
  }
}
