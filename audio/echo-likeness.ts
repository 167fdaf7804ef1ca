import { CrossCorrelator } from './cross-correlator.ts'
import { FilterFit } from './filter-fit.ts'
import { PCMU_8K } from './format.ts'
import { SPEECH_BAND_RATE_HZ, SpeechBand } from './speech-band.ts'

const SAMPLES_PER_MS = SPEECH_BAND_RATE_HZ / 1000
/** What is looked at of the sound that may be an echo, and how late an echo may come. */
const ECHO_WINDOW_SAMPLES = 500 * SAMPLES_PER_MS
const ECHO_REACH_SAMPLES = 500 * SAMPLES_PER_MS
/** The power of 2 above the two together. */
const TRANSFORM_SIZE = 4096
/** 8 ms: the direct sound and the first reflections. */
const FILTER_TAPS = 32
/** Taps before the place that fits best, which may be a reflection. */
const EARLY_TAPS = 6
const WARM_UP_ROUNDS = 30
const FRAME_SAMPLES = 50 * SAMPLES_PER_MS
/** Echoes are at 0.7 and above, nine in ten callers below this: for them the filter, half of the work, is spared. */
const LEAST_CORRELATION = 0.4
/** Below -60 dBFS there is nothing to compare. */
const LEAST_ENERGY = 33 ** 2

/** How much a sound is like the echo of another. All shares are of energy, 0 to 1. */
export interface EchoLikeness {
  /** Of the sound as it would be without reflections: the normalised correlation at the lag that fits best. */
  readonly correlation: number
  /** What a short filter explains of the sound; 0 where nothing at all fits, and none was looked for. */
  readonly explained: number
  /** The loudest 50 ms that the filter does not explain, against the loudest 50 ms. Somebody who speaks himself makes some. */
  readonly unexplainedPeak: number
  readonly lagMs: number
}

/** Compares a sound with what may have caused it, both as SpeechBand gives them. 0.5 ms a question. */
export class EchoComparison {
  /** To be filled before a question: the sound, up to now. */
  readonly sound = new Float64Array(ECHO_WINDOW_SAMPLES)
  /** To be filled before a question: what was played, up to now. */
  readonly source = new Float64Array(ECHO_WINDOW_SAMPLES + ECHO_REACH_SAMPLES)
  readonly #correlator = new CrossCorrelator(TRANSFORM_SIZE)
  readonly #filterFit = new FilterFit(FILTER_TAPS)
  readonly #frames = new Float64Array(ECHO_WINDOW_SAMPLES / FRAME_SAMPLES)
  readonly #residues = new Float64Array(ECHO_WINDOW_SAMPLES / FRAME_SAMPLES)

  get soundMs(): number {
    return this.sound.length / SAMPLES_PER_MS
  }

  get sourceMs(): number {
    return this.source.length / SAMPLES_PER_MS
  }

  /** null where the sound or its source is silent. */
  compare(): EchoLikeness | null {
    const { sound, source } = this
    const energy = energyOf(sound)
    if (energy < LEAST_ENERGY * FRAME_SAMPLES || energyOf(source) < LEAST_ENERGY * FRAME_SAMPLES) return null
    const { place, correlation } = this.#bestPlace(sound, source, energy)
    const lagMs = (ECHO_REACH_SAMPLES - place) / SAMPLES_PER_MS
    if (correlation < LEAST_CORRELATION) return { correlation, explained: 0, unexplainedPeak: 1, lagMs }
    this.#explain(sound, source, place + EARLY_TAPS)
    const residue = this.#residues.reduce((sum, share) => sum + share, 0)
    return {
      correlation,
      explained: 1 - residue / energy,
      unexplainedPeak: Math.max(...this.#residues) / Math.max(...this.#frames),
      lagMs
    }
  }

  /**
   * Compares noise with itself some times. The first questions of a process take 20 ms each, before they are compiled;
   * a caller who interrupts must not wait for that.
   */
  warmUp(): void {
    const { sound, source } = this
    for (let i = 0; i < source.length; i++) source[i] = 4000 * Math.sin(i ** 2)
    sound.set(source.subarray(ECHO_REACH_SAMPLES / 2, ECHO_REACH_SAMPLES / 2 + ECHO_WINDOW_SAMPLES))
    const payload = Uint8Array.from({ length: 2 * source.length }, (_, i) => i % 251)
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      new SpeechBand(PCMU_8K).push(payload)
      this.compare()
    }
  }

  #bestPlace(
    sound: Float64Array,
    source: Float64Array,
    soundEnergy: number
  ): { place: number; correlation: number } {
    const products = this.#correlator.correlate(sound, source)
    let energy = energyOf(source.subarray(0, ECHO_WINDOW_SAMPLES))
    let best = 0
    let place = 0
    for (let k = 0; k <= ECHO_REACH_SAMPLES; k++) {
      const squared = products[k] ** 2 / (soundEnergy * Math.max(energy, LEAST_ENERGY * FRAME_SAMPLES))
      if (squared > best) {
        best = squared
        place = k
      }
      energy += (source[k + ECHO_WINDOW_SAMPLES] ?? 0) ** 2 - source[k] ** 2
    }
    return { place, correlation: Math.sqrt(best) }
  }

  #explain(sound: Float64Array, source: Float64Array, from: number): void {
    const filter = this.#filterFit.fit(sound, source, from)
    this.#frames.fill(0)
    this.#residues.fill(0)
    for (let i = 0; i < sound.length; i++) {
      const first = from + i
      let echo = 0
      for (let tap = Math.max(0, first - source.length + 1); tap < Math.min(FILTER_TAPS, first + 1); tap++)
        echo += filter[tap] * source[first - tap]
      const frame = Math.floor(i / FRAME_SAMPLES)
      this.#frames[frame] += sound[i] ** 2
      this.#residues[frame] += (sound[i] - echo) ** 2
    }
  }
}

function energyOf(samples: Float64Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return sum
}
