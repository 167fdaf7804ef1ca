import type { AudioFormat } from '../../../audio/format.ts'

const NAMES = { pcmu: 'mulaw', pcma: 'alaw', pcm16: 'linear16' } as const

/** A call's format in Deepgram's words: it takes and makes all of them, so that nothing is ever converted. */
export function deepgramEncoding({ encoding, sampleRate }: AudioFormat) {
  return { encoding: NAMES[encoding], sample_rate: sampleRate }
}
