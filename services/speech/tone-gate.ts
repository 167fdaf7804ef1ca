const SAMPLE_RATE = 8000
const FRAME_SAMPLES = SAMPLE_RATE / 50
/** The telephone band. Below it lies the pitch of voices, whose hum is as pure as a tone. */
const LOWEST_HZ = 300
const HIGHEST_HZ = 3400
/** Half of the resolution of 20 ms. */
const STEP_HZ = 25
/** The stronger of two tones holds at least this share of the energy; hardly a vowel has one such harmonic. */
const MIN_FIRST_SHARE = 0.4
/** Two tones hold 97 % or more, 86 % where they are 40 Hz apart (ringback); two harmonics of a vowel 74 % at most. */
const MIN_SHARE = 0.82

const FREQUENCIES_HZ = Array.from(
  { length: (HIGHEST_HZ - LOWEST_HZ) / STEP_HZ + 1 },
  (_, index) => LOWEST_HZ + index * STEP_HZ
)
const COEFFICIENTS = FREQUENCIES_HZ.map((frequency) => 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE))

/**
 * Tells whether a frame is nothing but one or two steady tones: DTMF, ringback, dial tone, fax, a test tone.
 *
 * The strongest sinusoid of the frame is found by Goertzel's algorithm and subtracted, then the strongest of what is
 * left; tones leave nothing behind.
 */
export class ToneGate {
  readonly #stride: number
  readonly #samples = new Float64Array(FRAME_SAMPLES)
  readonly #powers = new Float64Array(FREQUENCIES_HZ.length)

  constructor(options: { sampleRate: 8000 | 16000 }) {
    // Sounds above 4 kHz may fold down here: a tone stays a tone, and noise stays noise.
    this.#stride = options.sampleRate / SAMPLE_RATE
  }

  /** 20 ms of PCM16 at the rate given. */
  isTone(frame: Int16Array): boolean {
    const samples = this.#samples
    for (let index = 0; index < FRAME_SAMPLES; index++) samples[index] = frame[index * this.#stride] ?? 0
    const energy = this.#energy()
    if (energy === 0) return false
    const limit = (1 - MIN_SHARE) * energy
    const first = this.#strongest()
    if (first.energy < MIN_FIRST_SHARE * energy) return false
    this.#subtract(first.frequencyHz)
    if (this.#energy() <= limit) return true
    this.#subtract(this.#strongest().frequencyHz)
    return this.#energy() <= limit
  }

  #energy(): number {
    let energy = 0
    for (let index = 0; index < FRAME_SAMPLES; index++) energy += this.#samples[index] * this.#samples[index]
    return energy
  }

  #strongest(): { frequencyHz: number; energy: number } {
    const powers = this.#powers
    let best = 0
    for (let index = 0; index < powers.length; index++) {
      powers[index] = this.#power(COEFFICIENTS[index])
      if (powers[index] > powers[best]) best = index
    }
    return {
      frequencyHz: FREQUENCIES_HZ[best] + STEP_HZ * peakOffset(powers, best),
      energy: (2 * powers[best]) / FRAME_SAMPLES
    }
  }

  /** Goertzel: the squared magnitude of the Fourier transform at one frequency. */
  #power(coefficient: number): number {
    let last = 0
    let beforeLast = 0
    for (let index = 0; index < FRAME_SAMPLES; index++) {
      const next = this.#samples[index] + coefficient * last - beforeLast
      beforeLast = last
      last = next
    }
    return last * last + beforeLast * beforeLast - coefficient * last * beforeLast
  }

  /** Takes the sinusoid of this frequency out, in the phase and size that leave the least (two normal equations). */
  #subtract(frequencyHz: number): void {
    const samples = this.#samples
    const step = (2 * Math.PI * frequencyHz) / SAMPLE_RATE
    let [cc, cs, ss, xc, xs] = [0, 0, 0, 0, 0]
    for (let index = 0; index < FRAME_SAMPLES; index++) {
      const cosine = Math.cos(step * index)
      const sine = Math.sin(step * index)
      cc += cosine * cosine
      cs += cosine * sine
      ss += sine * sine
      xc += samples[index] * cosine
      xs += samples[index] * sine
    }
    const determinant = cc * ss - cs * cs
    const a = (xc * ss - xs * cs) / determinant
    const b = (xs * cc - xc * cs) / determinant
    for (let index = 0; index < FRAME_SAMPLES; index++)
      samples[index] = samples[index] - a * Math.cos(step * index) - b * Math.sin(step * index)
  }
}

/** Where between its neighbours the peak lies, -0.5 to 0.5: the vertex of the parabola through the three. */
function peakOffset(powers: Float64Array, best: number): number {
  const [left, peak, right] = [powers[best - 1], powers[best], powers[best + 1]]
  if (left === undefined || right === undefined) return 0
  const curvature = left - 2 * peak + right
  return curvature === 0 ? 0 : (left - right) / (2 * curvature)
}
