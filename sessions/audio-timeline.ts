import { type AudioFormat, bytesPerSample, durationMs, sameFormat } from '../audio/format.ts'
import { SPEECH_BAND_RATE_HZ, SpeechBand } from '../audio/speech-band.ts'

/** Pieces this near to each other follow each other: positions are rounded, and clocks run on between frames. */
const JOIN_MS = 25
/** Less than a sample of any rate. */
const EPSILON_MS = 1 / 48
const BAND_SAMPLES_PER_MS = SPEECH_BAND_RATE_HZ / 1000

interface Piece {
  readonly payload: Uint8Array
  readonly format: AudioFormat
  readonly startMs: number
}

/** Audio laid on the media clock, silence where there is none: kept as it came, and filtered where somebody asks. */
export class AudioTimeline {
  #pieces: Piece[] = []
  /** What lies before is over. */
  #pastMs = 0

  /** Where the last piece ends; 0 before any. */
  get endMs(): number {
    const last = this.#pieces.at(-1)
    return last ? endOf(last) : 0
  }

  /** Audio from `atMs` on, not before the last piece. `payload` is kept, and must stay as it is. */
  lay(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    const endMs = this.endMs
    const startMs = Math.abs(atMs - endMs) <= JOIN_MS ? endMs : Math.max(atMs, endMs)
    this.#pieces.push({ payload, format, startMs })
  }

  /** Takes off what lies behind `atMs`. */
  cut(atMs: number): void {
    const fromMs = Math.max(atMs, this.#pastMs)
    this.#pieces = this.#pieces.flatMap(({ payload, format, startMs }) => {
      const kept = payload.subarray(0, samplesIn(fromMs - startMs, format) * bytesPerSample(format))
      return kept.length > 0 ? [{ payload: kept, format, startMs }] : []
    })
  }

  /** It is `nowMs`, and nobody will ask for what ended more than `keptMs` ago. */
  pass(nowMs: number, keptMs: number): void {
    this.#pastMs = nowMs
    while (this.#pieces.length > 0 && endOf(this.#pieces[0]) < nowMs - keptMs) this.#pieces.shift()
  }

  /** Fills `band` with the speech band of what ends at `toMs`. */
  read(toMs: number, band: Float64Array): void {
    const fromMs = toMs - band.length / BAND_SAMPLES_PER_MS
    let filter: SpeechBand | null = null
    let before: Piece | null = null
    band.fill(0)
    for (const piece of this.#pieces) {
      const { payload, format, startMs } = piece
      if (endOf(piece) <= fromMs || startMs >= toMs) continue
      if (!filter || !before || !follows(piece, before)) filter = new SpeechBand(format)
      before = piece
      const size = bytesPerSample(format)
      const skipped = samplesIn(fromMs - startMs, format)
      const at = Math.round(Math.max(0, startMs - fromMs) * BAND_SAMPLES_PER_MS)
      const wanted = payload.subarray(skipped * size, samplesIn(toMs - startMs, format) * size)
      filter.push(wanted, band.subarray(at))
    }
  }
}

function endOf({ payload, format, startMs }: Piece): number {
  return startMs + durationMs(format, payload.length)
}

function follows(piece: Piece, before: Piece): boolean {
  return sameFormat(piece.format, before.format) && piece.startMs - endOf(before) < EPSILON_MS
}

/** Whole samples, none of a span before its beginning. */
function samplesIn(ms: number, format: AudioFormat): number {
  return Math.max(0, Math.ceil((ms * format.sampleRate) / 1000))
}
