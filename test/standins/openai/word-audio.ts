import { sine } from '../../support/tone.ts'

/** The tone that a text is spoken with, in Hz; null: every word has its own. */
export type Voicing = (text: string) => number | null

const AMPLITUDE = 8000
const GAP_MS = 50

/** A text as tones in the rhythm of speech, so that what the caller hears tells which text and whose voice it was. */
export function speechOf(text: string, sampleRate: number, voice: Voicing = () => null): Int16Array {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const toneHz = voice(text)
  if (toneHz !== null) {
    const ms = words.reduce((sum, word) => sum + wordMs(word) + GAP_MS, 0)
    return sine({ frequencyHz: toneHz, sampleRate, ms, amplitude: AMPLITUDE })
  }
  const gap = new Int16Array((sampleRate * GAP_MS) / 1000)
  return Int16Array.from(
    words.flatMap((word, i) => {
      const frequencyHz = 180 + 40 * (i % 4)
      const tone = sine({ frequencyHz, sampleRate, ms: wordMs(word), amplitude: AMPLITUDE })
      return [...tone.map((sample, at) => sample * (1 - at / tone.length)), ...gap]
    })
  )
}

function wordMs(word: string): number {
  return Math.min(120 + 30 * word.length, 400)
}
