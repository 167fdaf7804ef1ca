import { type AudioFormat, bytesPerSample, type SampleRate } from './format.ts'
import { ALAW_TO_LINEAR, MULAW_TO_LINEAR } from './g711.ts'

export const SPEECH_BAND_RATE_HZ = 4000

/** Filtered at once. A call of a short loop is compiled as it is; a long loop only ever from its middle. */
const BLOCK_SAMPLES = 480

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
  /** The last samples at the input's rate, then a block of those that came. */
  readonly #window: Float64Array
  #last = 0
  /** Input samples that lie before the next output. */
  #skip = 0

  constructor(format: AudioFormat) {
    this.#format = format
    this.#stride = format.sampleRate / SPEECH_BAND_RATE_HZ
    this.#taps = TAPS[format.sampleRate]
    this.#window = new Float64Array(this.#taps.length - 1 + BLOCK_SAMPLES)
  }

  /** Fills `output` with whole samples' worth of audio; what it has no room for is lost. Returns the samples written. */
  push(payload: Uint8Array, output: Float64Array): number {
    const blockBytes = BLOCK_SAMPLES * bytesPerSample(this.#format)
    let written = 0
    for (let from = 0; from < payload.length; from += blockBytes)
      written += this.#pushBlock(payload.subarray(from, from + blockBytes), output, written)
    return written
  }

  #pushBlock(payload: Uint8Array, output: Float64Array, at: number): number {
    const count = Math.floor(payload.length / bytesPerSample(this.#format))
    const history = this.#taps.length - 1
    const window = this.#window
    decode(payload, this.#format, window, history, count)
    const due = Math.max(0, Math.ceil((count - this.#skip) / this.#stride))
    const length = Math.min(due, output.length - at)
    this.#filter(output, at, length)
    this.#skip += due * this.#stride - count
    window.copyWithin(0, count, count + history)
    return length
  }

  /** The inner loop by locals only: fields would be looked up at every tap. The taps are the same from either end. */
  #filter(output: Float64Array, at: number, length: number): void {
    const window = this.#window
    const taps = this.#taps
    const stride = this.#stride
    const middle = (taps.length - 1) / 2
    let last = this.#last
    let centre = this.#skip + middle
    for (let i = 0; i < length; i++, centre += stride) {
      let sample = taps[middle] * window[centre]
      for (let k = 1; k <= middle; k++) sample += taps[middle + k] * (window[centre - k] + window[centre + k])
      output[at + i] = sample - PRE_EMPHASIS * last
      last = sample
    }
    this.#last = last
  }
}

/** `count` samples into `samples`, from `at` on. */
function decode(
  payload: Uint8Array,
  format: AudioFormat,
  samples: Float64Array,
  at: number,
  count: number
): void {
  if (format.encoding === 'pcm16') {
    for (let i = 0; i < count; i++) samples[at + i] = ((payload[2 * i + 1] << 24) >> 16) | payload[2 * i]
  } else {
    const table = format.encoding === 'pcmu' ? MULAW_TO_LINEAR : ALAW_TO_LINEAR
    for (let i = 0; i < count; i++) samples[at + i] = table[payload[i]]
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
