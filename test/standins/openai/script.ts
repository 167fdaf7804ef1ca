import { sine } from '../../support/tone.ts'

/** What the model says or does in one response. Without `transcript` and `audio` it does not speak. */
export interface ScriptedReply {
  readonly transcript?: string
  /**
   * PCM16 at 24 kHz, a tone, or bytes in the session's output format, which cost nothing to say. Speech without audio
   * gets tones as long as its words.
   */
  readonly audio?: Int16Array | Buffer | { readonly toneHz: number; readonly ms: number }
  readonly functionCalls?: readonly { readonly name: string; readonly arguments: string }[]
  /** From `response.created` to the first delta; instead of the stand-in's `firstDeltaMs`. */
  readonly delayMs?: number
  /** The response fails after what was said, with this error. */
  readonly failure?: { readonly type: string; readonly code: string }
}

/** What the model is asked for. */
export interface ScriptTurn {
  /** Responses of this session so far. */
  readonly index: number
  /** `caller`: the server's turn detection; `client`: a `response.create`. */
  readonly trigger: 'caller' | 'client'
  /** Of the `response.create`; null where the session's own apply. */
  readonly instructions: string | null
  /** Of the session. */
  readonly sessionInstructions: string
  /** `function_call_output`s since the last response. */
  readonly toolOutputs: readonly string[]
  /** Texts put into the conversation since the last response. */
  readonly texts: readonly string[]
}

export type Script = (turn: ScriptTurn) => ScriptedReply

export const SCRIPT_RATE_HZ = 24_000

/** Something audible where no script is given: what it was told to say, or that it heard the caller. */
export const defaultScript: Script = ({ index, instructions, texts }) => {
  const quoted = instructions?.match(/"([^"]+)"/)?.[1] ?? texts.at(-1)
  return { transcript: quoted ?? `I heard you. This is reply number ${index + 1}.` }
}

/** One short falling tone a word, so that a reply has the rhythm of speech. */
export function wordTones(text: string): Int16Array {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const samples = words.map((word, i) => {
    const ms = Math.min(120 + 30 * word.length, 400)
    const tone = sine({ frequencyHz: 180 + 40 * (i % 4), sampleRate: SCRIPT_RATE_HZ, ms, amplitude: 8000 })
    return [
      ...tone.map((sample, at) => sample * (1 - at / tone.length)),
      ...new Int16Array(SCRIPT_RATE_HZ / 20)
    ]
  })
  return Int16Array.from(samples.flat())
}
