import type { SampleRate } from './format.ts'
import { FrameBuffer } from './frame-buffer.ts'
import {
  BLOCK_SAMPLES,
  filterSamples,
  type KernelFilter,
  keepFilter,
  kernelInput,
  kernelOutput
} from './resample-kernel.ts'

/** Filter length to either side of its centre, in samples of the lower rate: 2 ms at 8 kHz, 1 ms at 16 kHz. */
const HALF_WIDTH = 16

/** Kaiser's shape parameter for 75 dB of attenuation (0.1102 (A - 8.7)): the price is a transition of 0.29 x rate / 2. */
const KAISER_BETA = 0.1102 * (75 - 8.7)

/**
 * Changes the sample rate of one direction of a call, as a stream: whatever the chunks, the output is the same sample
 * for sample as that of one single push.
 *
 * A polyphase FIR filter (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983): a sinc that cuts at half
 * the lower rate under a Kaiser window. Flat to 85 % of that (3.4 of 4 kHz); images and aliases from 115 % on are
 * below -70 dB. Sums are of 32-bit floats, in WebAssembly. The output lags by `delayMs`: 2 ms between 8 kHz and the
 * others, 1 ms between 16 and 24 kHz.
 */
export class Resampler {
  /** Group delay, the same at every frequency. */
  readonly delayMs: number
  readonly #filter: KernelFilter
  /** The last samples, as many as the filter looks back. */
  readonly #history: Int16Array
  readonly #flushSamples: number
  readonly #output = new FrameBuffer()
  /** Where the next output lies, in steps of 1 / (up x input rate) from the next input sample. */
  #position = 0

  constructor(fromHz: SampleRate, toHz: SampleRate) {
    this.#filter = filterFor(fromHz, toHz)
    const { up, down, history } = this.#filter
    const centre = HALF_WIDTH * Math.max(up, down)
    this.delayMs = (centre * 1000) / (fromHz * up)
    this.#flushSamples = centre / up
    this.#history = new Int16Array(history)
  }

  /** Samples that the next push of `length` samples will give. */
  outputLength(length: number): number {
    return Math.max(0, Math.ceil((length * this.#filter.up - this.#position) / this.#filter.down))
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
    this.#history.fill(0)
    this.#position = 0
  }

  #filterBlock(samples: Int16Array, start: number, output: Int16Array, written: number): number {
    const filter = this.#filter
    const history = this.#history
    const length = Math.min(BLOCK_SAMPLES, samples.length - start)
    kernelInput.set(history)
    kernelInput.set(
      length === samples.length ? samples : samples.subarray(start, start + length),
      history.length
    )
    const count = filterSamples(filter, length, this.#position)
    this.#position += count * filter.down - length * filter.up
    for (let i = 0; i < count; i++) output[written + i] = kernelOutput[i]
    for (let i = 0; i < history.length; i++) history[i] = kernelInput[length + i]
    return written + count
  }
}

/** Each is worked out once, and is of all calls. */
const filters = new Map<string, KernelFilter>()

function filterFor(fromHz: SampleRate, toHz: SampleRate): KernelFilter {
  const name = `${fromHz} to ${toHz}`
  const known = filters.get(name)
  if (known) return known
  const common = greatestCommonDivisor(fromHz, toHz)
  const up = toHz / common
  const down = fromHz / common
  const longest = Math.max(up, down)
  // Going up, phase 0 has one tap that is not zero: it gives the input sample itself, HALF_WIDTH samples late.
  const copyTap = up === longest ? HALF_WIDTH - 1 : null
  const filter = keepFilter({
    up,
    down,
    copyTap,
    phases: polyphaseTaps(HALF_WIDTH * longest, 1 / longest, up)
  })
  filters.set(name, filter)
  return filter
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
