import { type AudioFormat, type SampleRate, sameFormat } from './format.ts'
import { createTranscoder, type Transcoder } from './transcoder.ts'

/** Pieces that lie closer than this to where they are expected follow on: the rest is rounding. */
const SEAM_MS = 1
/** One channel that is ahead by more than this is not waited for: the other has fallen silent. */
const LAG_LIMIT_MS = 2000

export type StereoChannel = 0 | 1

/**
 * Two mono tracks, laid on one sample clock by their positions, as interleaved 16-bit little-endian PCM: channel 0
 * left, 1 right. What is missing is silence, what comes twice is heard once. Positions count from the first audio of
 * either channel, so nothing adds up over hours: each piece lies within a sample or SEAM_MS of its own position.
 */
export class StereoInterleaver {
  /** Hz, of both channels. */
  readonly sampleRate: SampleRate
  readonly #channels: [Channel, Channel]
  #originMs: number | null = null

  constructor(sampleRate: SampleRate) {
    this.sampleRate = sampleRate
    this.#channels = [new Channel(sampleRate), new Channel(sampleRate)]
  }

  /** Milliseconds that wait to be taken, on the channel that is ahead. */
  get waitingMs(): number {
    const [left, right] = this.#channels
    return (Math.max(left.length, right.length) * 1000) / this.sampleRate
  }

  /** `positionMs` of the payload's first sample. The payload may be reused after the call. */
  push(channel: StereoChannel, payload: Uint8Array, format: AudioFormat, positionMs: number): void {
    this.#originMs ??= positionMs
    this.#channels[channel].push(payload, format, positionMs - this.#originMs)
  }

  /** What both channels have; `all`: also what only one has. Four bytes a sample; empty where there is nothing. */
  take(all = false): Uint8Array {
    const [left, right] = this.#channels
    const longest = Math.max(left.length, right.length)
    const shortest = Math.min(left.length, right.length)
    const lagLimit = (LAG_LIMIT_MS * this.sampleRate) / 1000
    const samples = all ? longest : Math.max(shortest, longest - lagLimit)
    for (const channel of this.#channels) channel.padTo(samples)
    const interleaved = new Int16Array(samples * 2)
    for (let i = 0; i < samples; i++) {
      interleaved[2 * i] = left.samples[i]
      interleaved[2 * i + 1] = right.samples[i]
    }
    for (const channel of this.#channels) channel.drop(samples)
    return new Uint8Array(interleaved.buffer)
  }
}

/** One track: what has come of it and was not taken yet. */
class Channel {
  samples = new Int16Array(0)
  length = 0
  readonly #sampleRate: SampleRate
  /** Samples taken before. */
  #taken = 0
  #format: AudioFormat | null = null
  #transcoder: Transcoder | null = null

  constructor(sampleRate: SampleRate) {
    this.#sampleRate = sampleRate
  }

  push(payload: Uint8Array, format: AudioFormat, positionMs: number): void {
    const decoded = this.#transcoderOf(format).push(payload)
    // A payload that passes as it is may begin at an odd address of its Buffer.
    const pcm = decoded.byteOffset % 2 === 0 ? decoded : new Uint8Array(decoded)
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength >> 1)
    const at = Math.round((positionMs * this.#sampleRate) / 1000) - this.#taken
    const seam = (SEAM_MS * this.#sampleRate) / 1000
    if (at > this.length + seam) this.padTo(at)
    const known = at < this.length - seam ? Math.min(this.length - at, samples.length) : 0
    this.#reserve(this.length + samples.length - known)
    this.samples.set(known > 0 ? samples.subarray(known) : samples, this.length)
    this.length += samples.length - known
  }

  padTo(length: number): void {
    if (length <= this.length) return
    this.#reserve(length)
    this.samples.fill(0, this.length, length)
    this.length = length
  }

  drop(samples: number): void {
    this.samples.copyWithin(0, samples, this.length)
    this.length -= samples
    this.#taken += samples
  }

  #reserve(length: number): void {
    if (length <= this.samples.length) return
    const samples = new Int16Array(Math.max(length, this.samples.length * 2))
    samples.set(this.samples.subarray(0, this.length))
    this.samples = samples
  }

  #transcoderOf(format: AudioFormat): Transcoder {
    if (!this.#transcoder || !this.#format || !sameFormat(this.#format, format)) {
      this.#format = format
      this.#transcoder = createTranscoder(format, { encoding: 'pcm16', sampleRate: this.#sampleRate })
    }
    return this.#transcoder
  }
}
