import type { AudioFormat } from './format.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { decodeG711 } from './g711.ts'

export const SPEECH_BAND_RATE_HZ = 4000

/** To either side of the centre of the filter: 2 ms. */
const HALF_WIDTH = 8
const CUTOFF_HZ = 1500
/** Undoes most of the fall of a voice's spectrum, so that two voices have less in common than their pitch. */
const PRE_EMPHASIS = 0.95

/**
 * The part of telephone audio that survives everywhere, loudspeakers and rooms included: below 1.5 kHz, its low end
 * weakened, at 4 kHz. For comparing, not for listening. As a stream.
 */
export class SpeechBand {
  readonly #format: AudioFormat
  readonly #stride: number
  readonly #taps: Float64Array
  /** The last samples at the input's rate, then the ones that came. */
  #window: Float64Array
  readonly #decoded = new FrameBuffer()
  #output = new Float64Array(0)
  #last = 0
  /** Input samples that lie before the next output. */
  #skip = 0

  constructor(format: AudioFormat) {
    this.#format = format
    this.#stride = format.sampleRate / SPEECH_BAND_RATE_HZ
    this.#taps = lowPass(HALF_WIDTH * this.#stride, CUTOFF_HZ / format.sampleRate)
    this.#window = new Float64Array(this.#taps.length - 1)
  }

  /** Whole samples. Valid until the next call. */
  push(payload: Uint8Array): Float64Array {
    const samples = this.#decode(payload)
    const history = this.#taps.length - 1
    const window = this.#roomFor(samples.length)
    for (let i = 0; i < samples.length; i++) window[history + i] = samples[i]
    const length = Math.max(0, Math.ceil((samples.length - this.#skip) / this.#stride))
    if (this.#output.length !== length) this.#output = new Float64Array(length)
    let at = this.#skip
    for (let i = 0; i < length; i++, at += this.#stride) {
      const sample = this.#filtered(at)
      this.#output[i] = sample - PRE_EMPHASIS * this.#last
      this.#last = sample
    }
    this.#skip = at - samples.length
    window.copyWithin(0, samples.length, samples.length + history)
    return this.#output
  }

  #filtered(first: number): number {
    let sum = 0
    for (let k = 0; k < this.#taps.length; k++) sum += this.#taps[k] * this.#window[first + k]
    return sum
  }

  #roomFor(samples: number): Float64Array {
    const length = this.#taps.length - 1 + samples
    if (this.#window.length >= length) return this.#window
    const window = new Float64Array(length)
    window.set(this.#window.subarray(0, this.#taps.length - 1))
    this.#window = window
    return window
  }

  #decode(payload: Uint8Array): Int16Array {
    const { encoding } = this.#format
    if (encoding !== 'pcm16') {
      const samples = this.#decoded.samples(payload.length)
      decodeG711(encoding, payload, samples)
      return samples
    }
    const samples = this.#decoded.samples(payload.length >> 1)
    for (let i = 0; i < samples.length; i++) samples[i] = payload[2 * i] | (payload[2 * i + 1] << 8)
    return samples
  }
}

/** A sinc under a Hann window, of gain 1. `cutoff` is in units of the sample rate. */
function lowPass(halfWidth: number, cutoff: number): Float64Array {
  const taps = Float64Array.from({ length: 2 * halfWidth + 1 }, (_, index) => {
    const offset = index - halfWidth
    const sinc = offset === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * offset) / (Math.PI * offset)
    return sinc * (1 + Math.cos((Math.PI * offset) / (halfWidth + 1)))
  })
  const gain = taps.reduce((sum, tap) => sum + tap, 0)
  return taps.map((tap) => tap / gain)
}
