import { Resampler } from '../../audio/resample.ts'
import { SILERO_WINDOW_SAMPLES, type SileroVad } from './silero-vad.ts'
import type { SpeechClass, SpeechClassifier } from './speech-classifier.ts'

const FRAME_MS = 20
/** The model hears on for this long after the last loud frame: through the closures and soft ends of words. */
const HOLD_FRAMES = 300 / FRAME_MS
/** What it hears of the silence before: a soft consonant, and enough to be in step when the vowel comes. */
const LEAD_FRAMES = 60 / FRAME_MS

/**
 * Speech to a neural network, which takes neither tones nor music nor noise for it. The network rests while all is
 * quiet, so that silence costs nothing.
 */
export class NeuralClassifier implements SpeechClassifier {
  readonly onsetMs = 40
  /** Medians of 54 utterances, clean, quiet and noisy: an answer takes two windows of 32 ms, and gives speech up slowly. */
  readonly onsetLagMs = 80
  readonly endLagMs = 120
  readonly #vad: SileroVad
  readonly #upsampler: Resampler | null
  readonly #frameSamples: number
  readonly #window = new Float32Array(SILERO_WINDOW_SAMPLES)
  #filled = 0
  /** The last frames of the silence, oldest first. */
  readonly #lead: Int16Array
  #framesLeft = 0
  #speech = false

  /** `vad`: its own instance, closed with it. */
  constructor({ sampleRate, vad }: { sampleRate: 8000 | 16000; vad: SileroVad }) {
    this.#vad = vad
    this.#upsampler = sampleRate === 8000 ? new Resampler(8000, 16_000) : null
    this.#frameSamples = (sampleRate / 1000) * FRAME_MS
    this.#lead = new Int16Array(LEAD_FRAMES * this.#frameSamples)
  }

  classify(frame: Int16Array, loud: boolean): SpeechClass {
    if (loud) {
      if (this.#framesLeft === 0) this.#listen(this.#lead)
      this.#framesLeft = HOLD_FRAMES
    }
    if (this.#framesLeft === 0) {
      this.#keep(frame)
      return 'other'
    }
    this.#listen(frame)
    if (--this.#framesLeft === 0) this.#rest()
    return this.#speech ? 'voiced' : 'other'
  }

  close(): void {
    this.#vad.close()
  }

  #keep(frame: Int16Array): void {
    this.#lead.copyWithin(0, this.#frameSamples)
    this.#lead.set(frame, this.#lead.length - this.#frameSamples)
  }

  #listen(pcm: Int16Array): void {
    const wide = this.#upsampler?.push(pcm) ?? pcm
    for (const sample of wide) {
      this.#window[this.#filled++] = sample / 32_768
      if (this.#filled < this.#window.length) continue
      this.#filled = 0
      this.#speech = this.#vad.isSpeech(this.#window)
    }
  }

  #rest(): void {
    this.#vad.reset()
    this.#upsampler?.reset()
    this.#filled = 0
    this.#lead.fill(0)
  }
}
