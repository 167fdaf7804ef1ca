import {
  type AudioFormat,
  bytesPerMs,
  bytesPerSample,
  durationMs,
  SILENCE_BYTE,
  sameFormat
} from './format.ts'

/** Pieces this near to each other follow each other: positions are rounded, and clocks run on between frames. */
const JOIN_MS = 25

/** The end of a stream of audio, as it came: the last `keptMs`, with silence where pieces lie apart. */
export class RecentAudio {
  readonly #keptMs: number
  #format: AudioFormat | null = null
  #ring = new Uint8Array(0)
  #next = 0
  #endMs = 0

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  /** Where the last piece ends; 0 before any. */
  get endMs(): number {
    return this.#endMs
  }

  /** null before the first piece. */
  get format(): AudioFormat | null {
    return this.#format
  }

  /** Audio from `atMs` on, in whole samples; behind the last piece where that lies further on. */
  push(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    if (!this.#format || !sameFormat(format, this.#format)) this.#begin(format, atMs)
    const gapMs = atMs - this.#endMs
    if (gapMs > JOIN_MS) {
      this.#skip(format, Math.min(gapMs, this.#keptMs))
      this.#endMs = atMs
    }
    this.#append(payload)
    this.#endMs += durationMs(format, payload.length)
  }

  /** All that is kept, oldest first; silence where there was less. Empty before the first piece. */
  last(): Uint8Array {
    const ring = this.#ring
    const unrolled = new Uint8Array(ring.length)
    unrolled.set(ring.subarray(this.#next))
    unrolled.set(ring.subarray(0, this.#next), ring.length - this.#next)
    return unrolled
  }

  #begin(format: AudioFormat, atMs: number): void {
    this.#format = format
    this.#ring = new Uint8Array(this.#keptMs * bytesPerMs(format)).fill(SILENCE_BYTE[format.encoding])
    this.#next = 0
    this.#endMs = atMs
  }

  #append(payload: Uint8Array): void {
    const ring = this.#ring
    const room = ring.length - this.#next
    if (payload.length < room) {
      ring.set(payload, this.#next)
      this.#next += payload.length
      return
    }
    const kept = payload.length > ring.length ? payload.subarray(-ring.length) : payload
    const first = Math.min(kept.length, room)
    ring.set(kept.subarray(0, first), this.#next)
    ring.set(kept.subarray(first), 0)
    this.#next = (this.#next + kept.length) % ring.length
  }

  #skip(format: AudioFormat, ms: number): void {
    const samples = Math.round((ms * format.sampleRate) / 1000)
    const pause = new Uint8Array(samples * bytesPerSample(format))
    this.#append(pause.fill(SILENCE_BYTE[format.encoding]))
  }
}
