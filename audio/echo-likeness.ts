import { CrossCorrelator } from './cross-correlator.ts'
import { FilterFit } from './filter-fit.ts'
import { SPEECH_BAND_RATE_HZ } from './speech-band.ts'

const SAMPLES_PER_MS = SPEECH_BAND_RATE_HZ / 1000
/** What is looked at of the sound that may be an echo, and how late an echo may come. */
const ECHO_WINDOW_SAMPLES = 500 * SAMPLES_PER_MS
const ECHO_REACH_SAMPLES = 500 * SAMPLES_PER_MS
const SOURCE_SAMPLES = ECHO_WINDOW_SAMPLES + ECHO_REACH_SAMPLES
/** The power of 2 above the two together. */
const TRANSFORM_SIZE = 4096
/** 8 ms: the direct sound and the first reflections. */
const FILTER_TAPS = 32
/** Taps before the place that fits best, which may be a reflection. */
const EARLY_TAPS = 6
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

/** Compares a sound with what may have caused it, both as SpeechBand gives them. 0.2 ms a question, twice that where it takes a filter. */
export class EchoComparison {
  /** To be filled before a question: the sound, up to now. */
  readonly sound = new Float64Array(ECHO_WINDOW_SAMPLES)
  /** To be filled before a question: what was played, up to now. */
  readonly source: Float64Array
  /** The source between zeros, for a filter that reaches beyond it. */
  readonly #padded = new Float64Array(FILTER_TAPS + SOURCE_SAMPLES + EARLY_TAPS)
  readonly #correlator = new CrossCorrelator(TRANSFORM_SIZE)
  readonly #filterFit = new FilterFit(FILTER_TAPS)
  readonly #frames = new Float64Array(ECHO_WINDOW_SAMPLES / FRAME_SAMPLES)
  readonly #residues = new Float64Array(ECHO_WINDOW_SAMPLES / FRAME_SAMPLES)

  constructor() {
    this.source = this.#padded.subarray(FILTER_TAPS, FILTER_TAPS + SOURCE_SAMPLES)
  }

  get soundMs(): number {
    return this.sound.length / SAMPLES_PER_MS
  }

  get sourceMs(): number {
    return this.source.length / SAMPLES_PER_MS
  }

  /** null where the sound or its source is silent. */
  compare(): EchoLikeness | null {
    const { sound, source } = this
    const energy = energyOf(sound, 0, sound.length)
    const sourceEnergy = energyOf(source, 0, source.length)
    if (Math.min(energy, sourceEnergy) < LEAST_ENERGY * FRAME_SAMPLES) return null
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

  #bestPlace(
    sound: Float64Array,
    source: Float64Array,
    soundEnergy: number
  ): { place: number; correlation: number } {
    const products = this.#correlator.correlate(sound, source)
    const least = LEAST_ENERGY * FRAME_SAMPLES
    let energy = energyOf(source, 0, ECHO_WINDOW_SAMPLES)
    let best = products[0] ** 2 / Math.max(energy, least)
    let place = 0
    for (let k = 1; k <= ECHO_REACH_SAMPLES; k++) {
      energy += source[k - 1 + ECHO_WINDOW_SAMPLES] ** 2 - source[k - 1] ** 2
      const share = products[k] ** 2 / Math.max(energy, least)
      if (share <= best) continue
      best = share
      place = k
    }
    return { place, correlation: Math.sqrt(best / soundEnergy) }
  }

  /** Of each frame, the energy, and what of it the filter that fits best leaves over. */
  #explain(sound: Float64Array, source: Float64Array, from: number): void {
    const filter = this.#filterFit.fit(sound, source, from)
    for (let frame = 0; frame < this.#frames.length; frame++) {
      const first = frame * FRAME_SAMPLES
      this.#frames[frame] = energyOf(sound, first, FRAME_SAMPLES)
      this.#residues[frame] = this.#residueOf(filter, first, from)
    }
  }

  #residueOf(filter: Float64Array, first: number, from: number): number {
    const sound = this.sound
    const padded = this.#padded
    let sum = 0
    for (let i = first; i < first + FRAME_SAMPLES; i++) {
      const place = FILTER_TAPS + from + i
      let left = sound[i]
      for (let tap = 0; tap < FILTER_TAPS; tap++) left -= filter[tap] * padded[place - tap]
      sum += left * left
    }
    return sum
  }
}

function energyOf(samples: Float64Array, from: number, length: number): number {
  let sum = 0
  for (let i = from; i < from + length; i++) sum += samples[i] * samples[i]
  return sum
}
