import { NoiseFloor } from './noise-floor.ts'
import type { SpeechClass, SpeechClassifier } from './speech-classifier.ts'

export interface SpeechDetectorOptions {
  /** Hz. */
  readonly sampleRate: 8000 | 16000
  /** Silence after which a caller has finished; 600 if not given. */
  readonly endpointSilenceMs?: number
  /** Silence after which a pause is told, once, before the end is sure; not told if not given. */
  readonly pauseMs?: number
  /** Speech within a window 60 ms longer that makes a beginning, at most 560; the classifier's own if not given. */
  readonly onsetMs?: number
  /** Its own instance, closed with the detector. */
  readonly classifier: SpeechClassifier
}

/** Milliseconds of audio since the detector was made: where speech began, or where it ended (a pause: if it did). */
export type SpeechEdge = { readonly type: 'start' | 'pause' | 'stop'; readonly atMs: number }

const FRAME_MS = 20
/** Breaks within an onset: closures of stops, and frames that the gates refuse. */
const ONSET_GAP_FRAMES = 3
/** Of the frames of an onset: 60 ms of a vowel, which the shortest words have and breath has not. */
const MIN_VOICED_FRAMES = 3
/** Mean square at -58 dBFS: nothing below is a caller. */
const SILENCE_ENERGY = 41 ** 2
/** Speech is 5 dB above steady noise; the frames of white noise are within 2 dB of their least. */
const ABOVE_NOISE = 3

/** Finds where a caller speaks: what stands out of the noise and is speech to the classifier, long enough. */
export class SpeechDetector {
  /** May be changed at any time. */
  endpointSilenceMs: number
  readonly #classifier: SpeechClassifier
  readonly #noiseFloor = new NoiseFloor({ frameMs: FRAME_MS })
  readonly #onsetFrames: number
  readonly #onsetMask: number
  readonly #frame: Int16Array
  #filled = 0
  #frames = 0
  /** One bit a frame, the latest lowest: was it speech? */
  #history = 0
  /** The same for: was it voiced speech? Looked at before a start only. */
  #voicedHistory = 0
  /** Frames until the end of the last one with speech. */
  #spokenUntil = 0
  #speaking = false
  #pauseTold = false
  readonly #pauseMs: number

  constructor(options: SpeechDetectorOptions) {
    this.endpointSilenceMs = options.endpointSilenceMs ?? 600
    this.#pauseMs = options.pauseMs ?? Number.POSITIVE_INFINITY
    this.#classifier = options.classifier
    this.#onsetFrames = Math.ceil((options.onsetMs ?? options.classifier.onsetMs) / FRAME_MS)
    this.#onsetMask = 2 ** (this.#onsetFrames + ONSET_GAP_FRAMES) - 1
    this.#frame = new Int16Array((options.sampleRate / 1000) * FRAME_MS)
  }

  get speaking(): boolean {
    return this.#speaking
  }

  /**
   * Any number of samples. Returns the event that these samples brought, if any; the last one where they brought
   * several, which takes more than `endpointSilenceMs` of audio at once.
   */
  push(pcm: Int16Array): SpeechEdge | null {
    let edge: SpeechEdge | null = null
    for (let offset = 0; offset < pcm.length; ) {
      const count = Math.min(this.#frame.length - this.#filled, pcm.length - offset)
      this.#frame.set(pcm.subarray(offset, offset + count), this.#filled)
      this.#filled += count
      offset += count
      if (this.#filled < this.#frame.length) break
      this.#filled = 0
      edge = this.#onFrame() ?? edge
    }
    return edge
  }

  close(): void {
    this.#classifier.close()
  }

  #onFrame(): SpeechEdge | null {
    this.#frames++
    const heard = this.#classifier.classify(this.#frame, this.#isLoud(), this.#speaking)
    this.#history = this.#remember(this.#history, heard !== 'other')
    if (heard !== 'other') this.#spokenUntil = this.#frames
    if (!this.#speaking) return this.#start(heard)
    if (heard !== 'other') this.#pauseTold = false
    return heard === 'other' ? this.#end() : null
  }

  #end(): SpeechEdge | null {
    const { endLagMs } = this.#classifier
    const silenceMs = (this.#frames - this.#spokenUntil) * FRAME_MS + endLagMs
    const atMs = this.#spokenUntil * FRAME_MS - endLagMs
    if (silenceMs < this.endpointSilenceMs) {
      if (this.#pauseTold || silenceMs < this.#pauseMs) return null
      this.#pauseTold = true
      return { type: 'pause', atMs }
    }
    this.#speaking = false
    this.#pauseTold = false
    this.#history = 0
    this.#voicedHistory = 0
    return { type: 'stop', atMs }
  }

  #start(heard: SpeechClass): SpeechEdge | null {
    this.#voicedHistory = this.#remember(this.#voicedHistory, heard === 'voiced')
    if (bitCount(this.#history) < this.#onsetFrames) return null
    if (bitCount(this.#voicedHistory) < Math.min(MIN_VOICED_FRAMES, this.#onsetFrames)) return null
    this.#speaking = true
    const framesSinceFirst = 32 - Math.clz32(this.#history)
    const firstMs = (this.#frames - framesSinceFirst) * FRAME_MS
    return { type: 'start', atMs: Math.max(0, firstMs - this.#classifier.onsetLagMs) }
  }

  #remember(history: number, bit: boolean): number {
    return ((history << 1) | (bit ? 1 : 0)) & this.#onsetMask
  }

  #isLoud(): boolean {
    const energy = this.#energy()
    return energy > Math.max(SILENCE_ENERGY, ABOVE_NOISE * this.#noiseFloor.next(energy))
  }

  /** Mean of the squares. */
  #energy(): number {
    let sum = 0
    for (const sample of this.#frame) sum += sample * sample
    return sum / this.#frame.length
  }
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
