import { type AudioFormat, bytesPerMs, PCM16_24K, PCMU_8K } from '../../audio/format.ts'
import { encodeG711 } from '../../audio/g711.ts'
import { noiseLike } from '../../test/support/speech-like.ts'

/** Both sides send real audio in the usual steps; the model speaks four times faster than it is heard. */
export const FRAME_MS = 20
export const REPLY_MS = 2000
export const TURN_MS = 3000
export const GENERATION_SPEED = 4
const DELTAS_MS = [100, 250, 125, 225, 150, 200, 175]

/** What the two legs of a call speak. Where they are the same, the relay has nothing to convert. */
export interface LegFormats {
  readonly carrier: 'PCMU' | 'L16'
  readonly engine: 'pcmu' | 'pcm'
}

/** The audio of a load, made once: base64 of the frames' and the deltas' payloads. */
export interface LoadAudio {
  readonly carrierFormat: AudioFormat
  readonly converted: boolean
  /** A frame's payload but for its first eight characters, where its number goes. */
  readonly frameRest: string
  /** Of a frame's payload in the engine's format, in characters. */
  readonly engineFrameLength: number
  /** The deltas of one reply, in order. */
  readonly deltas: readonly { readonly ms: number; readonly payload: string }[]
}

/** Digits are base64 too: eight of them stand for six bytes of audio, and survive whatever does not touch the audio. */
export const NUMBER_LENGTH = 8

export function makeAudio({ carrier, engine }: LegFormats): LoadAudio {
  const carrierFormat = carrier === 'L16' ? PCM16_24K : PCMU_8K
  const engineFormat = engine === 'pcm' ? PCM16_24K : PCMU_8K
  const frame = payload(carrierFormat, FRAME_MS)
  return {
    carrierFormat,
    converted: carrierFormat !== engineFormat,
    engineFrameLength: payload(engineFormat, FRAME_MS).toString('base64').length,
    frameRest: frame.toString('base64').slice(NUMBER_LENGTH),
    deltas: deltaLengths().map((ms) => ({ ms, payload: payload(engineFormat, ms).toString('base64') }))
  }
}

export function numberedPayload(number: number, { frameRest }: LoadAudio): string {
  return String(number).padStart(NUMBER_LENGTH, '0') + frameRest
}

function deltaLengths(): number[] {
  const lengths: number[] = []
  for (let leftMs = REPLY_MS; leftMs > 0; leftMs -= lengths.at(-1) as number) {
    lengths.push(Math.min(leftMs, DELTAS_MS[lengths.length % DELTAS_MS.length]))
  }
  return lengths
}

function payload(format: AudioFormat, ms: number): Buffer {
  const samples = noiseLike({ sampleRate: format.sampleRate, ms })
  if (format.encoding === 'pcm16') return Buffer.from(samples.buffer).subarray(0, ms * bytesPerMs(format))
  const codes = Buffer.alloc(samples.length)
  encodeG711('pcmu', samples, codes)
  return codes
}
