import { PCM16_16K, PCMU_8K } from '../../../audio/format.ts'
import { createTranscoder } from '../../../audio/transcoder.ts'
import { pcm16Bytes } from '../../support/speech-like.ts'

const PCM16_8K = { encoding: 'pcm16', sampleRate: 8000 } as const

/** PCM16 at 16 kHz as the far end of a mu-law line gets it, at 8 kHz. */
export function overTelephone(pcm: Int16Array): Int16Array {
  return samples(convert(PCMU_8K, PCM16_8K, convert(PCM16_16K, PCMU_8K, pcm16Bytes(pcm))))
}

/** The same, back at 16 kHz. */
export function overTelephoneWide(pcm: Int16Array): Int16Array {
  return samples(convert(PCMU_8K, PCM16_16K, convert(PCM16_16K, PCMU_8K, pcm16Bytes(pcm))))
}

/** Sample by sample, as far as the first lasts. */
export function mix(a: Int16Array, b: Int16Array): Int16Array {
  return a.map((sample, index) => Math.max(-32_768, Math.min(32_767, sample + (b[index] ?? 0))))
}

export function amplify(pcm: Int16Array, decibels: number): Int16Array {
  return pcm.map((sample) => sample * 10 ** (decibels / 20))
}

export function concat(...parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]))
}

function convert(from: Parameters<typeof createTranscoder>[0], to: typeof from, payload: Uint8Array): Buffer {
  const transcoder = createTranscoder(from, to)
  return Buffer.concat([transcoder.push(payload).slice(), transcoder.flush()])
}

function samples(bytes: Buffer): Int16Array {
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
