import { type AudioFormat, bytesPerSample, SILENCE_BYTE } from '../audio/format.ts'

/** Longest piece that is given out at once. */
const BLOCK_MS = 20
/** Pieces that lie closer than this on the clock belong together: the rest is rounding. */
const SEAM_MS = 1

interface Piece {
  /** On the media clock, in samples. */
  readonly start: number
  readonly audio: Uint8Array
}

/** Audio of the agent that was sent to the carrier, and where on the media clock it begins to be played. */
export interface SentAudio {
  readonly startMs: number
  readonly payload: Uint8Array
}

/**
 * What the caller hears of the agent, sample by sample: audio that was sent ahead is laid on the media clock, taken out
 * as that clock passes over it, and cut where an interruption took it back. Where nothing was sent there is silence.
 */
export class HeardAudio {
  readonly format: AudioFormat
  readonly #sampleBytes: number
  readonly #samplesPerMs: number
  #pieces: Piece[] = []
  /** Of the block that is given out. */
  #scratch = new Uint8Array(0)
  /** Everything before has been taken out. */
  #position: number
  /** One past the last sample sent. */
  #end: number

  /** Begins at `positionMs` of the media clock. */
  constructor(format: AudioFormat, positionMs: number) {
    this.format = format
    this.#sampleBytes = bytesPerSample(format)
    this.#samplesPerMs = format.sampleRate / 1000
    this.#position = this.#samplesAt(positionMs)
    this.#end = this.#position
  }

  /** Of the next sample to be taken out, in ms on the media clock. */
  get positionMs(): number {
    return this.#position / this.#samplesPerMs
  }

  /** Where what was sent ends, in ms on the media clock. */
  get endMs(): number {
    return this.#end / this.#samplesPerMs
  }

  /** The carrier plays this from `startMs` on. `payload` may be reused after the call. */
  sent({ startMs, payload }: SentAudio): void {
    const at = this.#samplesAt(startMs)
    const start = at - this.#end <= SEAM_MS * this.#samplesPerMs ? this.#end : at
    this.#pieces.push({ start, audio: new Uint8Array(payload) })
    this.#end = start + payload.byteLength / this.#sampleBytes
  }

  /** The carrier was told at `positionMs` to play nothing of what was still to come. */
  cut(positionMs: number): void {
    const at = Math.max(this.#samplesAt(positionMs), this.#position)
    const left = this.#pieces.filter(({ start }) => start < at)
    const last = left.pop()
    if (last)
      left.push({ start: last.start, audio: last.audio.subarray(0, (at - last.start) * this.#sampleBytes) })
    this.#pieces = left
    this.#end = Math.min(this.#end, at)
  }

  /** Takes out, in blocks of at most 20 ms, what was heard up to `positionMs`. A block is valid during `take` only. */
  drain(positionMs: number, take: (block: Uint8Array, positionMs: number) => void): void {
    const until = this.#samplesAt(positionMs)
    while (this.#position < until) {
      const length = Math.min(BLOCK_MS * this.#samplesPerMs, until - this.#position)
      const startMs = this.positionMs
      take(this.#block(length), startMs)
      this.#position += length
      this.#forget()
    }
    this.#end = Math.max(this.#end, this.#position)
  }

  #block(length: number): Uint8Array {
    const size = this.#sampleBytes
    const bytes = length * size
    if (this.#scratch.byteLength < bytes) this.#scratch = new Uint8Array(bytes)
    const block = this.#scratch.subarray(0, bytes).fill(SILENCE_BYTE[this.format.encoding])
    for (const { start, audio } of this.#pieces) {
      const offset = (start - this.#position) * size
      if (offset >= block.byteLength) break
      const from = Math.max(0, -offset)
      const to = Math.min(audio.byteLength, block.byteLength - offset)
      block.set(audio.subarray(from, to), offset + from)
    }
    return block
  }

  #forget(): void {
    const { length } = this.#pieces
    let past = 0
    while (past < length && this.#endOf(this.#pieces[past]) <= this.#position) past += 1
    if (past > 0) this.#pieces.splice(0, past)
  }

  #endOf({ start, audio }: Piece): number {
    return start + audio.byteLength / this.#sampleBytes
  }

  #samplesAt(ms: number): number {
    return Math.round(ms * this.#samplesPerMs)
  }
}
