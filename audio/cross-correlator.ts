/** Of values, multiplied at once: a short loop is compiled as a whole, a long one only ever from its middle. */
const BLOCK = 128

/**
 * How well a window of samples fits each place of a longer stretch, by the fast Fourier transform (Cooley and Tukey
 * 1965, radix 4): one transform of both, one back. The way there leaves its result in bit-reversed order and the way
 * back begins with that, so that nothing is ever sorted. Holds its own memory; one instance answers one question at a
 * time.
 */
export class CrossCorrelator {
  readonly #size: number
  readonly #real: Float64Array
  readonly #imaginary: Float64Array
  /** Of the turns by 2 pi i / size. */
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
    this.#cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size))
    this.#sines = Float64Array.from({ length: size }, (_, i) => Math.sin((2 * Math.PI * i) / size))
    this.#reversed = Uint16Array.from({ length: size }, (_, i) => reverseBits(i, bits))
  }

  /**
   * The sum over n of `window[n] * stretch[n + k]`, for each k from 0 to `stretch.length - window.length`, after that
   * without meaning. Valid until the next call.
   */
  correlate(window: Float64Array, stretch: Float64Array): Float64Array {
    const size = this.#size
    const real = this.#real.fill(0, stretch.length)
    const imaginary = this.#imaginary.fill(0, window.length)
    real.set(stretch)
    imaginary.set(window)
    let quarter = size / 4
    for (; quarter >= 1; quarter /= 4) this.#splitPass(quarter)
    const odd = quarter === 1 / 2
    if (odd) this.#pairPass()
    for (let from = 0; from <= size / 2; from += BLOCK)
      this.#multiply(from, Math.min(from + BLOCK, size / 2 + 1))
    if (odd) this.#pairPass()
    for (quarter = odd ? 2 : 1; quarter < size; quarter *= 4) this.#joinPass(quarter)
    return real
  }

  /** Of a + jb, with A and B the transforms of the two: leaves the transform of their correlation, divided by the size. */
  #multiply(from: number, end: number): void {
    const size = this.#size
    const real = this.#real
    const imaginary = this.#imaginary
    const reversed = this.#reversed
    for (let i = from; i < end; i++) {
      const p = reversed[i]
      const q = reversed[(size - i) % size]
      const aReal = real[p] + real[q]
      const aImaginary = imaginary[p] - imaginary[q]
      const bReal = imaginary[p] + imaginary[q]
      const bImaginary = real[q] - real[p]
      const productReal = (aReal * bReal + aImaginary * bImaginary) / (4 * size)
      const productImaginary = (aImaginary * bReal - aReal * bImaginary) / (4 * size)
      real[p] = productReal
      real[q] = productReal
      imaginary[p] = productImaginary
      imaginary[q] = -productImaginary
    }
  }

  /** Splits transforms of `4 * quarter` values into four of `quarter` each. */
  #splitPass(quarter: number): void {
    const size = this.#size
    const real = this.#real
    const imaginary = this.#imaginary
    const cosines = this.#cosines
    const sines = this.#sines
    const stride = size / (4 * quarter)
    for (let turn = 0; turn < quarter; turn++) {
      const cosine1 = cosines[turn * stride]
      const sine1 = sines[turn * stride]
      const cosine2 = cosines[2 * turn * stride]
      const sine2 = sines[2 * turn * stride]
      const cosine3 = cosines[3 * turn * stride]
      const sine3 = sines[3 * turn * stride]
      for (let a = turn; a < size; a += 4 * quarter) {
        const b = a + quarter
        const c = b + quarter
        const d = c + quarter
        const acReal = real[a] + real[c]
        const acImaginary = imaginary[a] + imaginary[c]
        const bdReal = real[b] + real[d]
        const bdImaginary = imaginary[b] + imaginary[d]
        const offReal = real[a] - real[c]
        const offImaginary = imaginary[a] - imaginary[c]
        const turnedReal = imaginary[b] - imaginary[d]
        const turnedImaginary = real[d] - real[b]
        const evenReal = acReal - bdReal
        const evenImaginary = acImaginary - bdImaginary
        const oddReal = offReal + turnedReal
        const oddImaginary = offImaginary + turnedImaginary
        const lastReal = offReal - turnedReal
        const lastImaginary = offImaginary - turnedImaginary
        real[a] = acReal + bdReal
        imaginary[a] = acImaginary + bdImaginary
        real[b] = evenReal * cosine2 + evenImaginary * sine2
        imaginary[b] = evenImaginary * cosine2 - evenReal * sine2
        real[c] = oddReal * cosine1 + oddImaginary * sine1
        imaginary[c] = oddImaginary * cosine1 - oddReal * sine1
        real[d] = lastReal * cosine3 + lastImaginary * sine3
        imaginary[d] = lastImaginary * cosine3 - lastReal * sine3
      }
    }
  }

  /** The way back of `#splitPass`. */
  #joinPass(quarter: number): void {
    const size = this.#size
    const real = this.#real
    const imaginary = this.#imaginary
    const cosines = this.#cosines
    const sines = this.#sines
    const stride = size / (4 * quarter)
    for (let turn = 0; turn < quarter; turn++) {
      const cosine1 = cosines[turn * stride]
      const sine1 = sines[turn * stride]
      const cosine2 = cosines[2 * turn * stride]
      const sine2 = sines[2 * turn * stride]
      const cosine3 = cosines[3 * turn * stride]
      const sine3 = sines[3 * turn * stride]
      for (let a = turn; a < size; a += 4 * quarter) {
        const b = a + quarter
        const c = b + quarter
        const d = c + quarter
        const evenReal = real[b] * cosine2 - imaginary[b] * sine2
        const evenImaginary = imaginary[b] * cosine2 + real[b] * sine2
        const oddReal = real[c] * cosine1 - imaginary[c] * sine1
        const oddImaginary = imaginary[c] * cosine1 + real[c] * sine1
        const lastReal = real[d] * cosine3 - imaginary[d] * sine3
        const lastImaginary = imaginary[d] * cosine3 + real[d] * sine3
        const acReal = real[a] + evenReal
        const acImaginary = imaginary[a] + evenImaginary
        const bdReal = real[a] - evenReal
        const bdImaginary = imaginary[a] - evenImaginary
        const offReal = oddReal + lastReal
        const offImaginary = oddImaginary + lastImaginary
        const turnedReal = lastImaginary - oddImaginary
        const turnedImaginary = oddReal - lastReal
        real[a] = acReal + offReal
        imaginary[a] = acImaginary + offImaginary
        real[b] = bdReal + turnedReal
        imaginary[b] = bdImaginary + turnedImaginary
        real[c] = acReal - offReal
        imaginary[c] = acImaginary - offImaginary
        real[d] = bdReal - turnedReal
        imaginary[d] = bdImaginary - turnedImaginary
      }
    }
  }

  /** The last pass of one way and the first of the other, where the size is no power of 4: transforms of two values. */
  #pairPass(): void {
    const real = this.#real
    const imaginary = this.#imaginary
    for (let a = 0; a < this.#size; a += 2) {
      const sumReal = real[a] + real[a + 1]
      const sumImaginary = imaginary[a] + imaginary[a + 1]
      real[a + 1] = real[a] - real[a + 1]
      imaginary[a + 1] = imaginary[a] - imaginary[a + 1]
      real[a] = sumReal
      imaginary[a] = sumImaginary
    }
  }
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0
  for (let bit = 0; bit < bits; bit++) reversed |= ((value >> bit) & 1) << (bits - 1 - bit)
  return reversed
}
