import type { SampleRate } from './format.ts'
import { FrameBuffer } from './frame-buffer.ts'

/** Filter length to either side of its centre, in samples of the lower rate: 2 ms at 8 kHz, 1 ms at 16 kHz. */
const HALF_WIDTH = 16

/** Kaiser's shape parameter for 75 dB of attenuation (0.1102 (A - 8.7)): the price is a transition of 0.29 x rate / 2. */
const KAISER_BETA = 0.1102 * (75 - 8.7)

/** New samples in the filter's window at a time: 20 ms at the highest rate, so that a frame is one block. */
const BLOCK_SAMPLES = 480

/**
 * Changes the sample rate of one direction of a call, as a stream: whatever the chunks, the output is the same sample
 * for sample as that of one single push.
 *
 * A polyphase FIR filter (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983): a sinc that cuts at half
 * the lower rate under a Kaiser window. Flat to 85 % of that (3.4 of 4 kHz); images and aliases from 115 % on are
 * below -70 dB. The output lags by `delayMs`: 2 ms between 8 kHz and the others, 1 ms between 16 and 24 kHz.
 */
export class Resampler {
  /** Group delay, the same at every frequency. */
  readonly delayMs: number
  readonly #up: number
  readonly #down: number
  /** The filter taken apart into `up` phases, each reversed in time so that it lies along the window. */
  readonly #phases: readonly Float64Array[]
  readonly #tapsPerPhase: number
  /** Going up, phase 0 has one tap that is not zero: it gives the input sample itself, HALF_WIDTH samples late. */
  readonly #copyTap: number | null
  /** The last `tapsPerPhase - 1` samples, then the block. */
  readonly #window: Float64Array
  readonly #flushSamples: number
  readonly #output = new FrameBuffer()
  /** Where the next output lies, in steps of 1 / (up x input rate) from the next input sample. */
  #position = 0

  constructor(fromHz: SampleRate, toHz: SampleRate) {
    const common = greatestCommonDivisor(fromHz, toHz)
    this.#up = toHz / common
    this.#down = fromHz / common
    const longest = Math.max(this.#up, this.#down)
    const centre = HALF_WIDTH * longest
    this.delayMs = (centre * 1000) / (fromHz * this.#up)
    this.#flushSamples = centre / this.#up
    this.#tapsPerPhase = (2 * centre) / this.#up
    this.#phases = polyphaseTaps(centre, 1 / longest, this.#up)
    this.#copyTap = this.#up === longest ? HALF_WIDTH - 1 : null
    this.#window = new Float64Array(this.#tapsPerPhase - 1 + BLOCK_SAMPLES)
  }

  /** Samples that the next push of `length` samples will give. */
  outputLength(length: number): number {
    return Math.max(0, Math.ceil((length * this.#up - this.#position) / this.#down))
  }

  /** The resampled audio, valid until the next call. Samples beyond 16 bits are clipped. */
  push(samples: Int16Array): Int16Array {
    const output = this.#output.samples(this.outputLength(samples.length))
    let written = 0
    for (let start = 0; start < samples.length; start += BLOCK_SAMPLES) {
      written = this.#filterBlock(samples, start, output, written)
    }
    return output
  }

  /** The `delayMs` of audio still inside, valid until the next call. The next push starts a new stream. */
  flush(): Int16Array {
    const tail = this.push(new Int16Array(this.#flushSamples))
    this.reset()
    return tail
  }

  /** Forgets the audio so far. */
  reset(): void {
    this.#window.fill(0)
    this.#position = 0
  }

  #filterBlock(samples: Int16Array, start: number, output: Int16Array, written: number): number {
    const window = this.#window
    const copyTap = this.#copyTap
    const history = this.#tapsPerPhase - 1
    const length = Math.min(BLOCK_SAMPLES, samples.length - start)
    for (let i = 0; i < length; i++) window[history + i] = samples[start + i]

    const end = length * this.#up
    let position = this.#position
    while (position < end) {
      const phase = position % this.#up
      const first = (position - phase) / this.#up
      output[written++] =
        phase === 0 && copyTap !== null
          ? window[first + copyTap]
          : toInt16(dotProduct(this.#phases[phase], window, first))
      position += this.#down
    }
    this.#position = position - end
    window.copyWithin(0, length, length + history)
    return written
  }
}

/** Of the taps and as much of the window: four sums that need not wait for each other are faster than one. */
function dotProduct(taps: Float64Array, window: Float64Array, first: number): number {
  let sum0 = 0
  let sum1 = 0
  let sum2 = 0
  let sum3 = 0
  for (let k = 0; k < taps.length; k += 4) {
    sum0 += taps[k] * window[first + k]
    sum1 += taps[k + 1] * window[first + k + 1]
    sum2 += taps[k + 2] * window[first + k + 2]
    sum3 += taps[k + 3] * window[first + k + 3]
  }
  return sum0 + sum1 + (sum2 + sum3)
}

/** Clips and rounds; Math.round, with its care for -0, takes longer than truncating a positive number. */
function toInt16(value: number): number {
  if (value >= 32767) return 32767
  if (value <= -32768) return -32768
  return Math.trunc(value + 32768.5) - 32768
}

/**
 * The filter at `up` times the input rate, taken apart into `up` phases of gain 1 each, so that a constant stays
 * constant. `cutoff` is in units of half that rate. The taps at both ends fall on zeros of the sinc; without the last
 * of them, every phase has the same length.
 */
function polyphaseTaps(centre: number, cutoff: number, up: number): Float64Array[] {
  const tapsPerPhase = (2 * centre) / up
  return Array.from({ length: up }, (_, phase) => {
    const taps = Float64Array.from({ length: tapsPerPhase }, (_, k) => {
      const offset = phase + (tapsPerPhase - 1 - k) * up - centre
      return sinc(offset * cutoff) * kaiser(offset / centre)
    })
    const gain = taps.reduce((sum, tap) => sum + tap, 0)
    return taps.map((tap) => tap / gain)
  })
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** Kaiser's window at `x` between -1 and 1. */
function kaiser(x: number): number {
  return besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA)
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * Number.EPSILON; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
