/** Telnyx, Deepgram and OpenAI as the tests have them, with fixed service times, and callers who ask one thing after another. */
import { startDeepgramStandIn } from '../../test/standins/deepgram/deepgram-standin.ts'
import type { ListenSession } from '../../test/standins/deepgram/listen-session.ts'
import { startRealtimeStandIn } from '../../test/standins/openai/realtime-stand-in.ts'
import type { TelnyxCall } from '../../test/standins/telnyx/telnyx-call.ts'
import { TelnyxStandIn } from '../../test/standins/telnyx/telnyx-standin.ts'
import { noiseLike } from '../../test/support/speech-like.ts'
import type { FrontAddress } from '../load/front.ts'
import { answerQuestions } from '../processes.ts'
import { SERVICE_MS } from './service-times.ts'

const END_OF_TURN_MS = 300
/** After the last word; with it the model is asked ahead of the end of the turn. */
const EAGER_MS = 100
const NEVER_MS = 10_000
const TONE_HZ = 500
const SPEECH = { ms: 400, dbfs: -18 }
const DEADLINE_MS = 15_000

export interface MeasuredTurn {
  /** From the end of the turn, as the service told it, to the first audio at the carrier. */
  readonly responseMs: number
  /** What of it was neither the model's time nor the voice's. */
  readonly ownMs: number
}

let eagerMs = NEVER_MS
let questionsAsked = 0
const telnyx = new TelnyxStandIn({ apiKey: 'KEY_STANDIN', calls: { record: false } })
await telnyx.listen()
const deepgram = await startDeepgramStandIn({
  firstAudioMs: SERVICE_MS.firstAudioMs,
  // A plain tone is made in a moment: what is made for one call must not be what another one waits for.
  voice: () => TONE_HZ,
  endOfTurnMs: END_OF_TURN_MS,
  get eagerMs() {
    return eagerMs
  },
  transcribe: () => `question ${++questionsAsked}?`
})
const openai = await startRealtimeStandIn({
  firstTokenMs: SERVICE_MS.firstTokenMs,
  tokenMs: 0,
  chat: ({ messages }) => ({ text: `About ${messages.at(-1)?.content} That is so.` })
})

const questions = {
  address: (_: null): FrontAddress & { deepgramUrl: string; deepgramKey: string } => ({
    telnyxBaseUrl: telnyx.baseUrl,
    telnyxPublicKey: telnyx.publicKey,
    openAiBaseUrl: openai.url,
    deepgramUrl: deepgram.url,
    deepgramKey: deepgram.apiKey
  }),
  /** So many calls at once, each with so many turns. `ahead`: turns may be answered ahead of their end. */
  async run(options: {
    webhookUrl: string
    calls: number
    turns: number
    ahead: boolean
  }): Promise<MeasuredTurn[]> {
    eagerMs = options.ahead ? EAGER_MS : NEVER_MS
    telnyx.webhookUrl = options.webhookUrl
    const running: Promise<MeasuredTurn[]>[] = []
    for (let index = 0; index < options.calls; index++) {
      const known = deepgram.listens.length
      const call = telnyx.placeCall()
      // One after the other, so that the connection that comes is this call's.
      const listen = await deepgram.until(() => deepgram.listens[known], 'a connection')
      running.push(converse(call, listen, options.turns))
    }
    return (await Promise.all(running)).flat()
  }
}
export type CascadeQuestions = typeof questions

answerQuestions(questions, async () => {
  await telnyx.close()
  await Promise.all([deepgram.close(), openai.close()])
})

async function converse(call: TelnyxCall, listen: ListenSession, turns: number): Promise<MeasuredTurn[]> {
  await call.waitFor('streaming', DEADLINE_MS)
  const measured: MeasuredTurn[] = []
  for (let turn = 0; turn <= turns; turn++) {
    await call.until(() => hasFinished(call), 'the agent to finish', DEADLINE_MS)
    if (turn < turns) measured.push(await ask(call, listen))
  }
  call.hangUp()
  return measured
}

/** Everything that was sent has been played, and a little more time has passed. */
function hasFinished(call: TelnyxCall): boolean {
  const last = call.playout.messages.at(-1)
  if (!last) return false
  const lengthMs = call.playout.messages.reduce((sum, message) => sum + message.lengthMs, 0)
  return call.heardMs >= lengthMs && performance.now() - last.receivedAt > 500
}

async function ask(call: TelnyxCall, listen: ListenSession): Promise<MeasuredTurn> {
  const { messages } = call.playout
  const first = messages.length
  const ends = endsOf(listen).length
  call.say(noiseLike({ sampleRate: call.spokenRateHz, ...SPEECH }))
  const end = await deepgram.until(() => endsOf(listen)[ends], 'the end of the turn')
  const reply = await call.until(() => messages[first], 'the answer', DEADLINE_MS)
  const responseMs = reply.receivedAt - end.at
  return { responseMs, ownMs: responseMs - servicesMs(String(end.message.transcript), end.at) }
}

function endsOf(listen: ListenSession) {
  return listen.sent.filter(({ message }) => message.event === 'EndOfTurn')
}

/** What the model and the voice really took for this answer, after the end of the turn. */
function servicesMs(question: string, endedAt: number): number {
  const chat = openai.chats.findLast(({ body }) => body.messages.at(-1)?.content === question)
  const speak = deepgram.speaks.find(({ texts }) => texts.some((text) => text.includes(question)))
  const words = speak?.received.find(({ what }) => what.includes(question))
  const audio = speak?.sentAudio.find(({ at }) => at > (words?.at ?? 0))
  if (!chat?.firstTokenAt || !words || !audio) throw new Error(`${question} was not answered`)
  const spent = (from: number, to: number) => Math.max(0, to - Math.max(from, endedAt))
  return spent(chat.at, chat.firstTokenAt) + spent(words.at, audio.at)
}
