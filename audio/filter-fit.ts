/** Of the energy, as if there were white noise at -20 dB: where a voice leaves its band empty, nothing can be fitted. */
const REGULARISATION = 0.01

/**
 * Looks for the short filter that turns one signal into another, by least squares (the covariance method, solved by
 * Cholesky's decomposition): what a loudspeaker, a room and a microphone do to a voice. Holds its own memory.
 */
export class FilterFit {
  readonly #taps: number
  /** Lower triangle of the normal equations, then of their decomposition, by rows. */
  readonly #matrix: Float64Array
  readonly #solution: Float64Array

  constructor(taps: number) {
    this.#taps = taps
    this.#matrix = new Float64Array(taps * taps)
    this.#solution = new Float64Array(taps)
  }

  /**
   * The filter whose output, `source[from + i]` and the `taps - 1` samples before it weighted and added, is nearest to
   * `target[i]`: tap 0 is of `source[from + i]`, tap 1 of the sample before. Valid until the next call. `source` counts
   * as zero outside of itself.
   */
  fit(target: Float64Array, source: Float64Array, from: number): Float64Array {
    this.#setUp(target, source, from)
    this.#decompose()
    this.#solve()
    return this.#solution
  }

  #setUp(target: Float64Array, source: Float64Array, from: number): void {
    const taps = this.#taps
    const matrix = this.#matrix
    const length = target.length
    for (let j = 0; j < taps; j++) {
      this.#solution[j] = product(target, 0, source, from - j, length)
      matrix[j * taps] = product(source, from, source, from - j, length)
    }
    for (let i = 1; i < taps; i++)
      for (let j = 1; j <= i; j++) {
        const entering = at(source, from - i) * at(source, from - j)
        const leaving = at(source, from - i + length) * at(source, from - j + length)
        matrix[i * taps + j] = matrix[(i - 1) * taps + j - 1] + entering - leaving
      }
    const floor = REGULARISATION * matrix[0] + Number.MIN_VALUE
    for (let i = 0; i < taps; i++) matrix[i * taps + i] += floor
  }

  #decompose(): void {
    const taps = this.#taps
    const matrix = this.#matrix
    for (let i = 0; i < taps; i++)
      for (let j = 0; j <= i; j++) {
        let sum = matrix[i * taps + j]
        for (let k = 0; k < j; k++) sum -= matrix[i * taps + k] * matrix[j * taps + k]
        matrix[i * taps + j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / matrix[j * taps + j]
      }
  }

  #solve(): void {
    const taps = this.#taps
    const matrix = this.#matrix
    const solution = this.#solution
    for (let i = 0; i < taps; i++) {
      for (let k = 0; k < i; k++) solution[i] -= matrix[i * taps + k] * solution[k]
      solution[i] /= matrix[i * taps + i]
    }
    for (let i = taps - 1; i >= 0; i--) {
      for (let k = i + 1; k < taps; k++) solution[i] -= matrix[k * taps + i] * solution[k]
      solution[i] /= matrix[i * taps + i]
    }
  }
}

/** Sum of the products of `length` samples of each, from these places on. */
function product(a: Float64Array, aFrom: number, b: Float64Array, bFrom: number, length: number): number {
  const first = Math.max(0, -aFrom, -bFrom)
  const end = Math.min(length, a.length - aFrom, b.length - bFrom)
  let sum = 0
  for (let i = first; i < end; i++) sum += a[aFrom + i] * b[bFrom + i]
  return sum
}

function at(samples: Float64Array, index: number): number {
  return index < 0 || index >= samples.length ? 0 : samples[index]
}
