import { Resampler } from '../../../audio/resample.ts'
import { createVoice } from '../../../services/speech/local-speech.ts'
import { sine } from '../../support/tone.ts'
import type { DevCall } from './dev-call.ts'

/** The embedded voice speaks at this rate. */
const VOICE_RATE_HZ = 16_000
/** The agent has finished when it has been silent for this long. */
const PAUSE_MS = 1000
const GREETING_TIMEOUT_MS = 15_000
const REPLY_TIMEOUT_MS = 20_000
/** A reply that lasts longer than this is not waited for. */
const LISTEN_TIMEOUT_MS = 30_000

/** Somebody who rings, listens to the greeting, says one sentence after the other, hears the replies and hangs up. */
export class DevCaller {
  readonly #sentences: readonly Int16Array[]

  private constructor(sentences: readonly Int16Array[]) {
    this.#sentences = sentences
  }

  /** With the embedded voice, or where it does not start, with a tone for every sentence. */
  static async create(sentences: readonly string[]): Promise<DevCaller> {
    return new DevCaller(await speak(sentences).catch(() => sentences.map(hum)))
  }

  /** Resolves with whether the agent was heard, when the call is over. */
  async talk(call: DevCall): Promise<boolean> {
    try {
      await until(call, () => call.heardMs > 0, 'the greeting', GREETING_TIMEOUT_MS)
      await listen(call)
      for (const sentence of this.#sentences) {
        const heardMs = call.heardMs
        call.say(atRate(sentence, call.spokenRateHz))
        await until(call, () => call.heardMs > heardMs, 'a reply', REPLY_TIMEOUT_MS)
        await listen(call)
      }
    } catch {
      // Nobody spoke: what was heard until then is what counts.
    }
    call.hangUp()
    return call.moments.some(({ name }) => name === 'first-audio')
  }
}

/** As `call.until`, but there is nothing more to wait for once the line is gone. */
async function until(call: DevCall, condition: () => boolean, what: string, timeoutMs: number) {
  const gone = () => call.moments.some(({ name }) => name === 'ended' || name === 'streaming-stopped')
  await call.until(() => condition() || gone(), what, timeoutMs)
}

async function speak(sentences: readonly string[]): Promise<Int16Array[]> {
  const voice = await createVoice()
  try {
    return await Promise.all(sentences.map((text) => voice.synthesise(text, { voice: 'rms' })))
  } finally {
    await voice.close()
  }
}

function hum(text: string): Int16Array {
  return sine({ frequencyHz: 220, sampleRate: VOICE_RATE_HZ, ms: text.length * 60 })
}

/** `rateHz` is that of a leg: 8, 16 or 24 kHz. */
function atRate(sentence: Int16Array, rateHz: number): Int16Array {
  if (rateHz === VOICE_RATE_HZ) return sentence
  return new Resampler(VOICE_RATE_HZ, rateHz === 24_000 ? 24_000 : 8000).push(sentence).slice()
}

/** Resolves when the agent pauses. */
async function listen(call: DevCall): Promise<void> {
  let heardMs = call.heardMs
  let silentSince = performance.now()
  const paused = () => {
    if (call.heardMs !== heardMs) {
      heardMs = call.heardMs
      silentSince = performance.now()
    }
    return performance.now() - silentSince > PAUSE_MS
  }
  await until(call, paused, 'the agent to pause', LISTEN_TIMEOUT_MS)
}
