/** Zero crossings of the sinc on either side: with the window, aliases are some 60 dB below the voice. */
const CROSSINGS = 16
/** Of the lower of both Nyquist frequencies: what is above fades before it folds back. */
const PASS = 0.92

/** One stream from one sampling rate to another, by a polyphase windowed sinc. Rates are whole Hz. */
export class Resampler {
  #step
  #phases
  #taps
  /** One kernel for each position of an output sample between two input samples. */
  #kernels
  #input
  #phase = 0

  /** @param {number} fromHz @param {number} toHz */
  constructor(fromHz, toHz) {
    const divisor = greatestCommonDivisor(fromHz, toHz)
    this.#step = fromHz / divisor
    this.#phases = toHz / divisor
    const cutoff = Math.min(1, toHz / fromHz) * (fromHz === toHz ? 1 : PASS)
    const half = Math.ceil(CROSSINGS / cutoff)
    this.#taps = 2 * half
    this.#kernels = Array.from({ length: this.#phases }, (_, phase) =>
      kernel(half, phase / this.#phases, cutoff)
    )
    this.#input = new Float32Array(half)
  }

  /** The samples that can be told once `samples` have come too; half a kernel, about 2 ms, is held back. @param {Float32Array} samples */
  push(samples) {
    const input = new Float32Array(this.#input.length + samples.length)
    input.set(this.#input)
    input.set(samples, this.#input.length)
    const room = input.length - this.#taps
    const count = room < 0 ? 0 : Math.floor(((room + 1) * this.#phases - this.#phase - 1) / this.#step) + 1
    const output = new Float32Array(Math.max(0, count))
    let position = 0
    for (let n = 0; n < output.length; n++) {
      output[n] = weighted(input, position, this.#kernels[this.#phase])
      this.#phase += this.#step
      position += Math.floor(this.#phase / this.#phases)
      this.#phase %= this.#phases
    }
    this.#input = input.slice(position)
    return output
  }
}

/** @param {Float32Array} input @param {number} from @param {Float32Array} weights */
function weighted(input, from, weights) {
  let sum = 0
  for (let k = 0; k < weights.length; k++) sum += input[from + k] * weights[k]
  return sum
}

/**
 * Weights of the input samples around an output sample that lies `fraction` after the first of the middle two. Their
 * sum is 1, so that a steady level stays what it is.
 *
 * @param {number} half @param {number} fraction @param {number} cutoff
 */
function kernel(half, fraction, cutoff) {
  const weights = Float64Array.from({ length: 2 * half }, (_, k) => {
    const x = k - half + 1 - fraction
    const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half)
    return Math.abs(x) >= half ? 0 : window * sinc(x * cutoff)
  })
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return Float32Array.from(weights, (weight) => weight / sum)
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** @param {number} a @param {number} b @returns {number} */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
