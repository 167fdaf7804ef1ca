import { setTimeout as pause } from 'node:timers/promises'
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

/** A caller, whoever the carrier is. */
export interface Listener {
  /** What was heard so far, at 8 kHz. */
  readonly heard: Int16Array
}

const RATE_HZ = 8000
const LOOK_EVERY_MS = 100
const DEADLINE_MS = 15_000
/** 300 ms without a sound: the agent has finished. */
const QUIET_SAMPLES = 2400

/**
 * Resolves once these tones, and no others, were heard one after the other; `whole`: and the last one to its end;
 * `between`: one that may be among them or not.
 */
export async function waitForTones(
  call: Listener,
  tones: readonly number[],
  { whole = true, between = 0 } = {}
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const { heard } = call
    const over = !whole || heard.subarray(-QUIET_SAMPLES).every((sample) => Math.abs(sample) < QUIET_RMS)
    const found = over ? tonesHeard(heard, RATE_HZ).filter((tone) => tone !== between) : []
    if (`${found}` === `${tones}`) return
    if (Date.now() > deadline) throw new Error(`The caller waited for ${tones} Hz and heard ${found} Hz`)
    await pause(LOOK_EVERY_MS)
  }
}
