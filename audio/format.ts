/**
 * How samples are laid out on one leg of a call.
 *
 * `pcm16` is signed 16-bit **little-endian** mono wherever it appears inside Offhook; a carrier that speaks
 * big-endian L16 is byte-swapped at its own edge. `pcmu` and `pcma` are ITU-T G.711, one byte a sample, always 8 kHz.
 */
export interface AudioFormat {
  readonly encoding: AudioEncoding
  /** Hz. */
  readonly sampleRate: SampleRate
}

export type AudioEncoding = 'pcmu' | 'pcma' | 'pcm16'
export type SampleRate = 8000 | 16000 | 24000

export const PCMU_8K: AudioFormat = { encoding: 'pcmu', sampleRate: 8000 }
export const PCMA_8K: AudioFormat = { encoding: 'pcma', sampleRate: 8000 }
export const PCM16_8K: AudioFormat = { encoding: 'pcm16', sampleRate: 8000 }
export const PCM16_16K: AudioFormat = { encoding: 'pcm16', sampleRate: 16000 }
export const PCM16_24K: AudioFormat = { encoding: 'pcm16', sampleRate: 24000 }

export function sameFormat(a: AudioFormat, b: AudioFormat): boolean {
  return a.encoding === b.encoding && a.sampleRate === b.sampleRate
}

/** Bytes of one sample: 1 for G.711, 2 for PCM16. */
export function bytesPerSample(format: AudioFormat): number {
  return format.encoding === 'pcm16' ? 2 : 1
}

/** Bytes of one millisecond: 8 for G.711, 16, 32 or 48 for PCM16. */
export function bytesPerMs(format: AudioFormat): number {
  return (bytesPerSample(format) * format.sampleRate) / 1000
}

/** Milliseconds that `bytes` of this format last (a fraction where they don't fill a millisecond). */
export function durationMs(format: AudioFormat, bytes: number): number {
  return bytes / bytesPerMs(format)
}

/** "pcmu/8000", for logs. */
export function formatName(format: AudioFormat): string {
  return `${format.encoding}/${format.sampleRate}`
}

/** The code of a sample at rest: positive zero in mu-law and A-law (ITU-T G.711), zero in PCM16. */
export const SILENCE_BYTE = { pcmu: 0xff, pcma: 0xd5, pcm16: 0x00 } as const

/** At least a sample and at most `ms` milliseconds of silence, in whole samples. */
export function silence(format: AudioFormat, ms: number): Uint8Array {
  const samples = Math.max(1, Math.floor((ms * format.sampleRate) / 1000))
  return new Uint8Array(samples * bytesPerSample(format)).fill(SILENCE_BYTE[format.encoding])
}
