/** Enough for pitch, and four times cheaper than 8 kHz. */
const SAMPLE_RATE = 4000
const FRAME_SAMPLES = SAMPLE_RATE / 50
const HIGHEST_PITCH_HZ = 400
const LOWEST_PITCH_HZ = 65
const SHORTEST_LAG = SAMPLE_RATE / HIGHEST_PITCH_HZ
const LONGEST_LAG = Math.ceil(SAMPLE_RATE / LOWEST_PITCH_HZ)
/** White noise reaches 0.4 by chance; vowels in noise 10 dB below them have 0.6 and more. */
const MIN_CORRELATION = 0.5

/**
 * Tells whether a frame is voiced: whether it repeats itself at a pitch of 65 to 400 Hz (normalised autocorrelation).
 * Breath, rustling and clicks don't. Tones do.
 */
export class PitchGate {
  readonly #stride: number
  /** The frame, after as much of what came before as the longest lag needs. */
  readonly #samples = new Float64Array(LONGEST_LAG + FRAME_SAMPLES)

  constructor(options: { sampleRate: 8000 | 16000 }) {
    this.#stride = options.sampleRate / SAMPLE_RATE
  }

  /** The next 20 ms of PCM16 at the rate given: every frame, so that the lags have something to look back at. */
  push(frame: Int16Array): void {
    const samples = this.#samples
    samples.copyWithin(0, FRAME_SAMPLES)
    for (let index = 0; index < FRAME_SAMPLES; index++) {
      let sum = 0
      for (let part = 0; part < this.#stride; part++) sum += frame[index * this.#stride + part]
      samples[LONGEST_LAG + index] = sum
    }
  }

  isVoiced(): boolean {
    const energy = this.#correlation(0)
    if (energy === 0) return false
    for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag++) {
      const correlation = this.#correlation(lag)
      if (correlation > 0 && correlation ** 2 > MIN_CORRELATION ** 2 * energy * this.#laggedEnergy(lag))
        return true
    }
    return false
  }

  #correlation(lag: number): number {
    let sum = 0
    for (let index = LONGEST_LAG; index < this.#samples.length; index++)
      sum += this.#samples[index] * this.#samples[index - lag]
    return sum
  }

  #laggedEnergy(lag: number): number {
    let sum = 0
    for (let index = LONGEST_LAG - lag; index < this.#samples.length - lag; index++)
      sum += this.#samples[index] ** 2
    return sum
  }
}
