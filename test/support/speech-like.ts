/**
 * Something that speech-measuring code takes for speech: a voice of 120 Hz through the formants of a vowel, in
 * syllables of 250 ms with a fricative and a pause after each. The same for the same arguments.
 */
export interface SpeechLike {
  sampleRate: number
  ms: number
  /** Of the whole, in dB relative to a full-scale square wave. */
  dbfs?: number
  seed?: number
}

const SYLLABLE_MS = 250
const PITCH_HZ = 120
/** Of the vowel in "father" (Peterson and Barney, 1952): frequency, and how fast it rings out. */
const FORMANTS = [
  { frequencyHz: 730, bandwidthHz: 90 },
  { frequencyHz: 1090, bandwidthHz: 110 },
  { frequencyHz: 2440, bandwidthHz: 160 }
]

export function speechLike({ sampleRate, ms, dbfs = -20, seed = 1 }: SpeechLike): Int16Array {
  const noise = whiteNoise(seed)
  const resonators = FORMANTS.map((formant) => resonator(formant, sampleRate))
  const length = Math.round((ms * sampleRate) / 1000)
  const signal = Float64Array.from({ length }, (_, i) => {
    const at = (((i / sampleRate) * 1000) % SYLLABLE_MS) / SYLLABLE_MS
    const pulse = i % Math.round(sampleRate / PITCH_HZ) === 0 ? 1 : 0
    const voiced = resonators.reduce((sum, resonate) => sum + resonate(at < 0.6 ? pulse : 0), 0)
    const fricative = at > 0.6 && at < 0.8 ? 0.05 * noise() : 0
    return voiced + fricative
  })
  return scaledTo(signal, dbfs)
}

/** Uniform white noise. */
export function noiseLike({ sampleRate, ms, dbfs = -20, seed = 1 }: SpeechLike): Int16Array {
  const noise = whiteNoise(seed)
  return scaledTo(Float64Array.from({ length: Math.round((ms * sampleRate) / 1000) }, noise), dbfs)
}

export function pcm16Bytes(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
}

function scaledTo(signal: Float64Array, dbfs: number): Int16Array {
  const power = signal.reduce((sum, value) => sum + value * value, 0) / signal.length
  const gain = (32768 * 10 ** (dbfs / 20)) / Math.sqrt(power)
  return Int16Array.from(signal, (value) => Math.max(-32768, Math.min(32767, Math.round(value * gain))))
}

function resonator(formant: { frequencyHz: number; bandwidthHz: number }, sampleRate: number) {
  const radius = Math.exp((-Math.PI * formant.bandwidthHz) / sampleRate)
  const feedback = 2 * radius * Math.cos((2 * Math.PI * formant.frequencyHz) / sampleRate)
  let last = 0
  let beforeLast = 0
  return (input: number): number => {
    const output = input + feedback * last - radius * radius * beforeLast
    beforeLast = last
    last = output
    return output
  }
}

/** Mulberry32, between -1 and 1. */
function whiteNoise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}
