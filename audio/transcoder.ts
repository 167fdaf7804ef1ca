import { type AudioEncoding, type AudioFormat, sameFormat } from './format.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { ALAW_TO_MULAW, decodeG711, encodeG711, MULAW_TO_ALAW } from './g711.ts'
import { Resampler } from './resample.ts'

/**
 * One direction of a call, from one format to another, as a stream: payloads may be cut anywhere, even within a
 * 16-bit sample. What `push` and `flush` return is valid until the next call of either; copy what must last.
 */
export interface Transcoder {
  /** Whether payloads pass as they are. */
  readonly identity: boolean
  /** How much the audio lags behind because of the resampling filter; 0 without one. */
  readonly delayMs: number
  /** The same audio in the other format; may be empty for a payload of a few bytes. */
  push(payload: Uint8Array): Uint8Array
  /** The `delayMs` of audio still inside. The next push starts a new stream. */
  flush(): Uint8Array
  /** Forgets the audio so far. */
  reset(): void
}

const NOTHING = new Uint8Array(0)

export function createTranscoder(from: AudioFormat, to: AudioFormat): Transcoder {
  if (sameFormat(from, to)) return IDENTITY
  if (from.encoding === 'pcmu' && to.encoding === 'pcma') return new TableTranscoder(MULAW_TO_ALAW)
  if (from.encoding === 'pcma' && to.encoding === 'pcmu') return new TableTranscoder(ALAW_TO_MULAW)
  return new LinearTranscoder(from, to)
}

class IdentityTranscoder implements Transcoder {
  readonly identity = true
  readonly delayMs = 0

  push(payload: Uint8Array): Uint8Array {
    return payload
  }

  flush(): Uint8Array {
    return NOTHING
  }

  reset(): void {}
}

/** Of all calls: it keeps nothing. */
const IDENTITY = new IdentityTranscoder()

/** G.711 to G.711: one lookup a byte. */
class TableTranscoder implements Transcoder {
  readonly identity = false
  readonly delayMs = 0
  readonly #table: Uint8Array
  readonly #output = new FrameBuffer()

  constructor(table: Uint8Array) {
    this.#table = table
  }

  push(payload: Uint8Array): Uint8Array {
    const table = this.#table
    const output = this.#output.bytes(payload.length)
    for (let i = 0; i < payload.length; i++) output[i] = table[payload[i]]
    return output
  }

  flush(): Uint8Array {
    return NOTHING
  }

  reset(): void {}
}

/** Through 16-bit samples, resampled where the rates differ. */
class LinearTranscoder implements Transcoder {
  readonly identity = false
  readonly delayMs: number
  readonly #from: AudioEncoding
  readonly #to: AudioEncoding
  readonly #resampler: Resampler | null
  readonly #decoded = new FrameBuffer()
  readonly #output = new FrameBuffer()
  /** The first byte of a sample whose second has not come yet. */
  #oddByte: number | null = null

  constructor(from: AudioFormat, to: AudioFormat) {
    this.#from = from.encoding
    this.#to = to.encoding
    this.#resampler = from.sampleRate === to.sampleRate ? null : new Resampler(from.sampleRate, to.sampleRate)
    this.delayMs = this.#resampler?.delayMs ?? 0
  }

  push(payload: Uint8Array): Uint8Array {
    const decoded = this.#decode(payload)
    return this.#encode(this.#resampler?.push(decoded) ?? decoded)
  }

  flush(): Uint8Array {
    this.#oddByte = null
    return this.#resampler ? this.#encode(this.#resampler.flush()) : NOTHING
  }

  reset(): void {
    this.#oddByte = null
    this.#resampler?.reset()
  }

  #decode(payload: Uint8Array): Int16Array {
    if (this.#from === 'pcm16') return this.#readPcm16(payload)
    const samples = this.#decoded.samples(payload.length)
    decodeG711(this.#from, payload, samples)
    return samples
  }

  /** Byte by byte, because a payload may begin at an odd address of its Buffer. */
  #readPcm16(payload: Uint8Array): Int16Array {
    const carried = this.#oddByte === null ? 0 : 1
    const samples = this.#decoded.samples((payload.length + carried) >> 1)
    let written = 0
    let at = 0
    if (this.#oddByte !== null && payload.length > 0) {
      samples[written++] = this.#oddByte | (payload[at++] << 8)
      this.#oddByte = null
    }
    for (; at + 1 < payload.length; at += 2) samples[written++] = payload[at] | (payload[at + 1] << 8)
    if (at < payload.length) this.#oddByte = payload[at]
    return samples
  }

  #encode(samples: Int16Array): Uint8Array {
    if (this.#to === 'pcm16') {
      this.#output.samples(samples.length).set(samples)
      return this.#output.bytes(samples.length * 2)
    }
    const codes = this.#output.bytes(samples.length)
    encodeG711(this.#to, samples, codes)
    return codes
  }
}
