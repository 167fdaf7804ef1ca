export type ByteOrder = 'le' | 'be'

/** Quieter audio tells nothing: its high bytes are all sign, and either reading may be the noise. -45 dBFS. */
const LOUD_RMS = 184

/**
 * How many times rougher one reading must be for a frame to speak for the other. Reading wrongly never makes audio
 * smoother but by chance, which stayed below 1.2 over tones, noise and speech, also where it came through G.711.
 */
const CLEAR_RATIO = 1.6

/** Frames that one order must be ahead of the other. */
const FRAMES_TO_DECIDE = 5

/** Half a frame of 20 ms at 8 kHz: below this, roughness says little. */
const SHORTEST_FRAME_SAMPLES = 80

/**
 * Finds the byte order of 16-bit linear audio from the audio itself, for carriers that don't say (RFC 3551 wants L16
 * in network order; Telnyx sends little-endian).
 *
 * In the right order a sample follows from the ones before it; in the wrong one the low bytes lead and the samples jump
 * about. Each frame that is loud in both readings is judged by the part of its power that linear prediction from two
 * samples leaves over. (Plain steps between samples would mislead: high tones make large ones, and loud audio decoded
 * from mu-law turns, read wrongly, into a tidy square wave.) The first order to be five clear frames ahead is kept for
 * good. Silence and white noise decide nothing.
 */
export class ByteOrderDetector {
  #order: ByteOrder | null = null
  /** Frames for little-endian less frames for big-endian. */
  #lead = 0
  readonly #littleEndian = new RoughnessMeter()
  readonly #bigEndian = new RoughnessMeter()

  /** null until it is known. */
  get order(): ByteOrder | null {
    return this.#order
  }

  /** One frame of audio, beginning with the first byte of a sample. Returns what is known with it. */
  push(payload: Uint8Array): ByteOrder | null {
    const samples = payload.length >> 1
    if (this.#order !== null || samples < SHORTEST_FRAME_SAMPLES) return this.#order
    this.#littleEndian.measure(payload, 0, samples)
    this.#bigEndian.measure(payload, 1, samples)
    this.#lead += vote(this.#littleEndian, this.#bigEndian)
    if (this.#lead >= FRAMES_TO_DECIDE) this.#order = 'le'
    if (this.#lead <= -FRAMES_TO_DECIDE) this.#order = 'be'
    return this.#order
  }
}

/** 1 where the frame speaks for little-endian, -1 for big-endian, 0 where it says nothing. */
function vote(littleEndian: RoughnessMeter, bigEndian: RoughnessMeter): number {
  if (littleEndian.rms < LOUD_RMS || bigEndian.rms < LOUD_RMS) return 0
  if (bigEndian.roughness > CLEAR_RATIO * littleEndian.roughness) return 1
  if (littleEndian.roughness > CLEAR_RATIO * bigEndian.roughness) return -1
  return 0
}

/** One reading of a frame, without its constant part. */
class RoughnessMeter {
  rms = 0
  /** 0 where every sample follows from the two before it, 1 for white noise. */
  roughness = 1
  #samples = new Float64Array(0)

  /** `lowByte` is 0 for little-endian and 1 for big-endian. */
  measure(payload: Uint8Array, lowByte: 0 | 1, count: number): void {
    const highByte = 1 - lowByte
    if (this.#samples.length < count) this.#samples = new Float64Array(count)
    const samples = this.#samples
    let sum = 0
    for (let i = 0; i < count; i++) {
      samples[i] = ((payload[2 * i + highByte] << 24) >> 16) | payload[2 * i + lowByte]
      sum += samples[i]
    }
    const mean = sum / count
    for (let i = 0; i < count; i++) samples[i] -= mean
    const power = lagProduct(samples, count, 0)
    this.rms = Math.sqrt(power / count)
    this.roughness =
      power === 0
        ? 1
        : unpredictable(lagProduct(samples, count, 1) / power, lagProduct(samples, count, 2) / power)
  }
}

function lagProduct(samples: Float64Array, count: number, lag: number): number {
  let sum = 0
  for (let i = lag; i < count; i++) sum += samples[i] * samples[i - lag]
  return sum
}

/** What prediction from two samples leaves of the power, given the correlation over one and two samples (Durbin, 1960). */
function unpredictable(correlation1: number, correlation2: number): number {
  const leftByOne = 1 - correlation1 ** 2
  const reflection = (correlation2 - correlation1 ** 2) / leftByOne
  return leftByOne * (1 - reflection ** 2)
}

/**
 * The same samples in the other byte order, in `out` (which may be `payload` itself) or in new memory. An odd byte at
 * the end stays as it is.
 */
export function swapBytes16(
  payload: Uint8Array,
  out: Uint8Array = new Uint8Array(payload.length)
): Uint8Array {
  const even = payload.length & ~1
  for (let i = 0; i < even; i += 2) {
    const first = payload[i]
    out[i] = payload[i + 1]
    out[i + 1] = first
  }
  if (even < payload.length) out[even] = payload[even]
  return out
}
