/**
 * How well a window of samples fits each place of a longer stretch, by the fast Fourier transform (radix 2, Cooley and
 * Tukey 1965): one transform of both, one back. Holds its own memory; one instance answers one question at a time.
 */
export class CrossCorrelator {
  readonly #size: number
  readonly #real: Float64Array
  readonly #imaginary: Float64Array
  readonly #cosines: Float64Array
  readonly #sines: Float64Array
  readonly #reversed: Uint16Array

  /** `size`: the longest stretch in samples, a power of 2, at most 65536. */
  constructor(size: number) {
    const bits = Math.log2(size)
    if (!Number.isInteger(bits) || bits < 1 || bits > 16)
      throw new RangeError('the size must be a power of 2, from 2 to 65536')
    this.#size = size
    this.#real = new Float64Array(size)
    this.#imaginary = new Float64Array(size)
    this.#cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size))
    this.#sines = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size))
    this.#reversed = Uint16Array.from({ length: size }, (_, i) => reverseBits(i, bits))
  }

  /**
   * The sum over n of `window[n] * stretch[n + k]`, for each k from 0 to `stretch.length - window.length`, after that
   * without meaning. Valid until the next call.
   */
  correlate(window: Float64Array, stretch: Float64Array): Float64Array {
    const real = this.#real.fill(0)
    const imaginary = this.#imaginary.fill(0)
    real.set(stretch)
    imaginary.set(window)
    this.#transform()
    this.#multiply()
    this.#transform()
    return real
  }

  /**
   * Of a + jb, with A and B the transforms of the two: leaves the transform of their correlation, conjugated and
   * divided by the size, so that a second forward transform is the way back.
   */
  #multiply(): void {
    const size = this.#size
    const real = this.#real
    const imaginary = this.#imaginary
    for (let i = 0; i <= size / 2; i++) {
      const j = (size - i) % size
      const aReal = (real[i] + real[j]) / 2
      const aImaginary = (imaginary[i] - imaginary[j]) / 2
      const bReal = (imaginary[i] + imaginary[j]) / 2
      const bImaginary = (real[j] - real[i]) / 2
      const productReal = (aReal * bReal + aImaginary * bImaginary) / size
      const productImaginary = (aImaginary * bReal - aReal * bImaginary) / size
      real[i] = productReal
      real[j] = productReal
      imaginary[i] = -productImaginary
      imaginary[j] = productImaginary
    }
  }

  #transform(): void {
    this.#reorder()
    const size = this.#size
    const real = this.#real
    const imaginary = this.#imaginary
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half)
      for (let turn = 0; turn < half; turn++) {
        const cosine = this.#cosines[turn * stride]
        const sine = this.#sines[turn * stride]
        for (let even = turn; even < size; even += 2 * half) {
          const odd = even + half
          const oddReal = real[odd] * cosine + imaginary[odd] * sine
          const oddImaginary = imaginary[odd] * cosine - real[odd] * sine
          real[odd] = real[even] - oddReal
          imaginary[odd] = imaginary[even] - oddImaginary
          real[even] += oddReal
          imaginary[even] += oddImaginary
        }
      }
    }
  }

  #reorder(): void {
    const real = this.#real
    const imaginary = this.#imaginary
    for (let i = 0; i < this.#size; i++) {
      const j = this.#reversed[i]
      if (j <= i) continue
      const keptReal = real[i]
      const keptImaginary = imaginary[i]
      real[i] = real[j]
      imaginary[i] = imaginary[j]
      real[j] = keptReal
      imaginary[j] = keptImaginary
    }
  }
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0
  for (let bit = 0; bit < bits; bit++) reversed |= ((value >> bit) & 1) << (bits - 1 - bit)
  return reversed
}
