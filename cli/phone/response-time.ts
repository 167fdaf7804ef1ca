import type { Utterance } from './media-leg.ts'
import type { Recording } from './recording.ts'

/** Quieter samples are the rustle of a codec or a fade, and nobody's voice. */
const AUDIBLE_LEVEL = 250

/**
 * What the caller waited after each utterance, from the recording: from its last audible sample to the agent's first.
 * null where no reply came before the next utterance, or where the agent was still speaking when the caller finished.
 */
export function measureResponses(recording: Recording, utterances: readonly Utterance[]): (number | null)[] {
  const { caller, agent, sampleRate } = recording
  return utterances.map(({ start, end }, i) => {
    const stop = lastAudible(caller, start, Math.min(end, caller.length))
    const reply = stop === null ? null : firstAudible(agent, stop, utterances[i + 1]?.start ?? agent.length)
    if (stop === null || reply === null) return null
    const frame = sampleRate / 50
    const talkedOver = firstAudible(agent, Math.max(0, stop - frame), stop) !== null
    return talkedOver ? null : Math.round(((reply - stop) * 1000) / sampleRate)
  })
}

function firstAudible(samples: Int16Array, from: number, to: number): number | null {
  for (let i = from; i < to; i++) if (Math.abs(samples[i]) > AUDIBLE_LEVEL) return i
  return null
}

function lastAudible(samples: Int16Array, from: number, to: number): number | null {
  for (let i = to - 1; i >= from; i--) if (Math.abs(samples[i]) > AUDIBLE_LEVEL) return i
  return null
}
