import { fitTone } from './tone.ts'

const WINDOW_MS = 60
const QUIET_RMS = 600
/** The tones that stand-ins speak with. */
const CANDIDATES_HZ = [400, 550, 700, 850, 1000]
const LEAST_SNR_DB = 6

/** The tones in the order in which they were heard, each once for as long as it lasts; what is no such tone is passed over. */
export function tonesHeard(samples: Int16Array, sampleRate: number): number[] {
  const length = Math.round((WINDOW_MS * sampleRate) / 1000)
  const tones: number[] = []
  for (let at = 0; at + length <= samples.length; at += length) {
    const window = samples.subarray(at, at + length)
    if (rms(window) < QUIET_RMS) continue
    const tone = toneOf(window, sampleRate)
    if (tone !== null && tone !== tones.at(-1)) tones.push(tone)
  }
  return tones
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)
}

/** null within a change. */
function toneOf(window: Int16Array, sampleRate: number): number | null {
  const clear = CANDIDATES_HZ.filter((hz) => fitTone(window, sampleRate, hz).snrDb >= LEAST_SNR_DB)
  return clear.length === 1 ? clear[0] : null
}
