/** Telnyx and OpenAI Realtime as the tests have them, and callers who interrupt: the truth that barge-in is held to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRealtimeStandIn } from '../../test/standins/openai/realtime-stand-in.ts'
import type { ScriptedReply } from '../../test/standins/openai/script.ts'
import { TelnyxStandIn } from '../../test/standins/telnyx/telnyx-standin.ts'
import { createWireCodec } from '../../test/standins/telnyx/wire-codec.ts'
import { sine } from '../../test/support/tone.ts'
import type { FrontAddress } from '../load/front.ts'
import { answerQuestions } from '../processes.ts'
import { type CallResult, CUT_REPLY_MS, HEARD_REPLY_MS, isHeardOut, liveThrough } from './interrupted-call.ts'

const FORMAT = { encoding: 'PCMU', sampleRateHz: 8000, byteOrder: 'le' } as const
/** Made once: eight seconds of a tone take this process as long as ten clears. */
const REPLIES = { heard: toneReply(HEARD_REPLY_MS), cut: toneReply(CUT_REPLY_MS) }
/** Deltas of a cancelled response that were already on their way: nobody may hear them. */
const LATE_DELTAS = 2
/** Between the beginnings of two calls, so that they don't speak in step. */
const STAGGER_MS = 97

export interface DelayedResult extends CallResult {
  readonly delayMs: number
}

type DeltaMs = number | readonly [number, number]

let deltaMs: DeltaMs = 200
const telnyx = new TelnyxStandIn({ apiKey: 'KEY_STANDIN', calls: { record: false } })
await telnyx.listen()
const realtime = await startRealtimeStandIn({
  get deltaMs() {
    return deltaMs
  },
  lateDeltas: LATE_DELTAS,
  keepAudio: false,
  script: ({ index }) => (isHeardOut(index) ? REPLIES.heard : REPLIES.cut)
})

const questions = {
  address: (_: null): FrontAddress => ({
    telnyxBaseUrl: telnyx.baseUrl,
    telnyxPublicKey: telnyx.publicKey,
    openAiBaseUrl: realtime.url
  }),
  /** So many calls over a line of each of these delays, one way, all at once. */
  async run(options: {
    webhookUrl: string
    deltaMs: DeltaMs
    calls: number
    turns: number
    delaysMs: readonly number[]
  }): Promise<DelayedResult[]> {
    deltaMs = options.deltaMs
    telnyx.webhookUrl = options.webhookUrl
    const results: Promise<DelayedResult>[] = []
    for (let index = 0; index < options.calls * options.delaysMs.length; index++) {
      const delayMs = options.delaysMs[index % options.delaysMs.length]
      // One after the other, so that the session that comes is this call's.
      const session = realtime.waitForSession()
      const call = telnyx.placeCall({ networkDelayMs: delayMs })
      const result = liveThrough(call, await session, { turns: options.turns, delayMs })
      results.push(result.then((lived) => ({ delayMs, ...lived })))
      await sleep(STAGGER_MS)
    }
    return Promise.all(results)
  }
}
export type BargeInQuestions = typeof questions

function toneReply(ms: number): ScriptedReply {
  const tone = sine({ frequencyHz: 997, sampleRate: FORMAT.sampleRateHz, ms })
  return {
    transcript: 'This is one of the answers that some callers hear and others cut.',
    audio: createWireCodec(FORMAT).encode(tone)
  }
}

answerQuestions(questions, async () => {
  await telnyx.close()
  await realtime.close()
})
