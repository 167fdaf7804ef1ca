import { AudioQueue } from '../audio/audio-queue.ts'
import { type AudioFormat, bytesPerSample, durationMs, sameFormat } from '../audio/format.ts'
import { SPEECH_BAND_RATE_HZ, SpeechBand } from '../audio/speech-band.ts'

/** Pieces this near to each other follow each other: positions are rounded, and clocks run on between frames. */
const JOIN_MS = 25
const BAND_SAMPLES_PER_MS = SPEECH_BAND_RATE_HZ / 1000

/** Audio without a gap. */
interface Piece {
  readonly format: AudioFormat
  readonly startMs: number
  /** Where in the queue it begins. */
  readonly from: number
  bytes: number
}

/** Audio laid on the media clock, silence where there is none: kept as it came, and filtered where somebody asks. */
export class AudioTimeline {
  readonly #audio = new AudioQueue()
  #pieces: Piece[] = []
  /** What lies before is over. */
  #pastMs = 0

  /** Where the last piece ends; 0 before any. */
  get endMs(): number {
    const last = this.#pieces.at(-1)
    return last ? endOf(last) : 0
  }

  /** Whole samples from `atMs` on, not before the last piece. `payload` may be reused after the call. */
  lay(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    const last = this.#pieces.at(-1)
    const endMs = this.endMs
    const joins = Math.abs(atMs - endMs) <= JOIN_MS || atMs < endMs
    if (last && joins && sameFormat(format, last.format)) last.bytes += payload.length
    else {
      const from = this.#audio.end
      this.#pieces.push({ format, startMs: joins ? endMs : atMs, from, bytes: payload.length })
    }
    this.#audio.append(payload)
  }

  /** Takes off what lies behind `atMs`. */
  cut(atMs: number): void {
    const toMs = Math.max(atMs, this.#pastMs)
    for (const piece of this.#pieces)
      piece.bytes = Math.min(piece.bytes, bytesIn(toMs - piece.startMs, piece.format))
    this.#pieces = this.#pieces.filter(({ bytes }) => bytes > 0)
    const last = this.#pieces.at(-1)
    this.#audio.cut(last ? last.from + last.bytes : this.#audio.start)
  }

  /** It is `nowMs`, and nobody will ask for what ended more than `keptMs` ago. */
  pass(nowMs: number, keptMs: number): void {
    this.#pastMs = nowMs
    const fromMs = nowMs - keptMs
    while (this.#pieces.length > 0 && endOf(this.#pieces[0]) < fromMs) this.#pieces.shift()
    const [first] = this.#pieces
    this.#audio.forgetBefore(
      first ? first.from + bytesIn(fromMs - first.startMs, first.format) : this.#audio.end
    )
  }

  /** Fills `band` with the speech band of what ends at `toMs`. */
  read(toMs: number, band: Float64Array): void {
    const fromMs = toMs - band.length / BAND_SAMPLES_PER_MS
    band.fill(0)
    for (const piece of this.#pieces) {
      const { format, startMs, from, bytes } = piece
      if (endOf(piece) <= fromMs || startMs >= toMs) continue
      const first = from + bytesIn(fromMs - startMs, format)
      const end = from + Math.min(bytes, bytesIn(toMs - startMs, format))
      const at = Math.round(Math.max(0, startMs - fromMs) * BAND_SAMPLES_PER_MS)
      new SpeechBand(format).push(this.#audio.read(first, end), band.subarray(at))
    }
  }
}

function endOf({ format, startMs, bytes }: Piece): number {
  return startMs + durationMs(format, bytes)
}

/** Bytes of whole samples, none of a span before its beginning. */
function bytesIn(ms: number, format: AudioFormat): number {
  return Math.max(0, Math.ceil((ms * format.sampleRate) / 1000)) * bytesPerSample(format)
}
