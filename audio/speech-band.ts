import { type AudioFormat, bytesPerSample, type SampleRate } from './format.ts'
import { ALAW_TO_LINEAR, MULAW_TO_LINEAR } from './g711.ts'

export const SPEECH_BAND_RATE_HZ = 4000

/** To either side of the centre of the filter: 2 ms. */
const HALF_WIDTH = 8
const CUTOFF_HZ = 1500
/** Undoes most of the fall of a voice's spectrum, so that two voices have less in common than their pitch. */
const PRE_EMPHASIS = 0.95

/** By the input's rate in Hz. */
const TAPS: Readonly<Record<SampleRate, Float64Array>> = {
  8000: lowPass(8000),
  16000: lowPass(16_000),
  24000: lowPass(24_000)
}

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
  #output = new Float64Array(0)
  #last = 0
  /** Input samples that lie before the next output. */
  #skip = 0

  constructor(format: AudioFormat) {
    this.#format = format
    this.#stride = format.sampleRate / SPEECH_BAND_RATE_HZ
    this.#taps = TAPS[format.sampleRate]
    this.#window = new Float64Array(this.#taps.length - 1)
  }

  /** Whole samples. Valid until the next call. */
  push(payload: Uint8Array): Float64Array {
    const count = Math.floor(payload.length / bytesPerSample(this.#format))
    const history = this.#taps.length - 1
    const window = this.#roomFor(count)
    decode(payload, this.#format, window.subarray(history, history + count))
    const length = Math.max(0, Math.ceil((count - this.#skip) / this.#stride))
    if (this.#output.length !== length) this.#output = new Float64Array(length)
    this.#filter(window, this.#output)
    this.#skip += length * this.#stride - count
    window.copyWithin(0, count, count + history)
    return this.#output
  }

  /** The inner loop by locals only: fields would be looked up at every tap. */
  #filter(window: Float64Array, output: Float64Array): void {
    const taps = this.#taps
    const stride = this.#stride
    let last = this.#last
    let first = this.#skip
    for (let i = 0; i < output.length; i++, first += stride) {
      let sample = 0
      for (let k = 0; k < taps.length; k++) sample += taps[k] * window[first + k]
      output[i] = sample - PRE_EMPHASIS * last
      last = sample
    }
    this.#last = last
  }

  #roomFor(samples: number): Float64Array {
    const length = this.#taps.length - 1 + samples
    if (this.#window.length >= length) return this.#window
    const window = new Float64Array(length)
    window.set(this.#window.subarray(0, this.#taps.length - 1))
    this.#window = window
    return window
  }
}

function decode(payload: Uint8Array, { encoding }: AudioFormat, samples: Float64Array): void {
  if (encoding === 'pcm16') {
    for (let i = 0; i < samples.length; i++) samples[i] = ((payload[2 * i + 1] << 24) >> 16) | payload[2 * i]
  } else {
    const table = encoding === 'pcmu' ? MULAW_TO_LINEAR : ALAW_TO_LINEAR
    for (let i = 0; i < samples.length; i++) samples[i] = table[payload[i]]
  }
}

/** A sinc under a Hann window, of gain 1. */
function lowPass(sampleRate: SampleRate): Float64Array {
  const halfWidth = (HALF_WIDTH * sampleRate) / SPEECH_BAND_RATE_HZ
  const cutoff = CUTOFF_HZ / sampleRate
  const taps = Float64Array.from({ length: 2 * halfWidth + 1 }, (_, index) => {
    const offset = index - halfWidth
    const sinc = offset === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * offset) / (Math.PI * offset)
    return sinc * (1 + Math.cos((Math.PI * offset) / (halfWidth + 1)))
  })
  const gain = taps.reduce((sum, tap) => sum + tap, 0)
  return taps.map((tap) => tap / gain)
}
