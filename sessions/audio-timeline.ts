import { type AudioFormat, bytesPerMs, bytesPerSample, durationMs, sameFormat } from '../audio/format.ts'
import type { SampleHistory } from '../audio/sample-history.ts'
import { SPEECH_BAND_RATE_HZ, SpeechBand } from '../audio/speech-band.ts'

/** Pieces this near to each other follow each other: positions are rounded, and clocks run on between frames. */
const JOIN_MS = 25
/** Less than a sample of any rate. */
const EPSILON_MS = 1 / 48
/** No history is longer. */
const LONGEST_PAUSE_SAMPLES = 2 * SPEECH_BAND_RATE_HZ

interface Piece {
  readonly payload: Uint8Array
  readonly format: AudioFormat
  readonly startMs: number
}

/** Audio laid on the media clock, silence where there is none, and taken off it in the speech band as time passes. */
export class AudioTimeline {
  readonly #history: SampleHistory
  #pieces: Piece[] = []
  /** Bytes of the first piece that have been taken. */
  #taken = 0
  #positionMs = 0
  /** Samples in the history since position 0: silence makes up for what rounding has lost or won. */
  #written = 0
  #band: { format: AudioFormat; band: SpeechBand } | null = null

  /** What is taken off goes to `history`. */
  constructor(history: SampleHistory) {
    this.#history = history
  }

  /** Where the last piece ends; 0 before any. */
  get endMs(): number {
    const last = this.#pieces.at(-1)
    return last ? last.startMs + durationMs(last.format, last.payload.length) : this.#positionMs
  }

  /** Audio from `atMs` on, not before the last piece. `payload` is kept until it is taken. */
  lay(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    const endMs = this.endMs
    const startMs = Math.abs(atMs - endMs) <= JOIN_MS ? endMs : Math.max(atMs, this.#positionMs)
    this.#pieces.push({ payload, format, startMs })
  }

  /** Takes off what lies behind `atMs`. */
  cut(atMs: number): void {
    const fromMs = Math.max(atMs, this.#positionMs)
    this.#pieces = this.#pieces.flatMap(({ payload, format, startMs }) => {
      const samples = Math.ceil(((fromMs - startMs) * format.sampleRate) / 1000)
      const kept = payload.subarray(0, Math.max(0, samples * bytesPerSample(format)))
      return kept.length > 0 ? [{ payload: kept, format, startMs }] : []
    })
  }

  /** Time has passed: the history follows. */
  advance(toMs: number): void {
    while (this.#positionMs < toMs - EPSILON_MS) {
      const piece = this.#pieces[0]
      if (piece && piece.startMs <= this.#positionMs + EPSILON_MS) this.#take(piece, toMs)
      else this.#pause(Math.min(toMs, piece?.startMs ?? toMs))
    }
  }

  #take({ payload, format }: Piece, toMs: number): void {
    const wanted = Math.max(1, Math.round(((toMs - this.#positionMs) * format.sampleRate) / 1000))
    const end = Math.min(payload.length, this.#taken + wanted * bytesPerSample(format))
    const samples = this.#bandOf(format).push(payload.subarray(this.#taken, end))
    this.#history.push(samples)
    this.#written += samples.length
    this.#positionMs += (end - this.#taken) / bytesPerMs(format)
    this.#taken = end
    if (end < payload.length) return
    this.#pieces.shift()
    this.#taken = 0
  }

  #pause(toMs: number): void {
    const position = Math.round((toMs * SPEECH_BAND_RATE_HZ) / 1000)
    const missing = Math.max(0, position - this.#written)
    this.#history.push(new Float64Array(Math.min(missing, LONGEST_PAUSE_SAMPLES)))
    this.#written += missing
    this.#positionMs = toMs
    this.#band = null
  }

  #bandOf(format: AudioFormat): SpeechBand {
    if (!this.#band || !sameFormat(this.#band.format, format))
      this.#band = { format, band: new SpeechBand(format) }
    return this.#band.band
  }
}
