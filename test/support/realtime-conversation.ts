import { pino } from 'pino'
import { PCMU_8K } from '../../audio/format.ts'
import { RealtimeEngine } from '../../services/engines/realtime/realtime-engine.ts'
import type { CallSession } from '../../sessions/call-session.ts'
import type { InterruptionPolicy } from '../../sessions/contracts/agent-profile.ts'
import { type LineEvents, VirtualLine } from './conversation-rig.ts'
import { testProfile } from './session-rig.ts'
import { type VirtualItem, VirtualModel } from './virtual-model.ts'

/** What ends an utterance, and what tells of its beginning, in ms of audio. */
const VAD = { startMs: 40, endMs: 500 }
/** The engine and the line are ready by then. */
const READY_MS = 800
/** After the last utterance everybody has had their say. */
const QUIET_MS = 90_000
/** The carrier plays by frames of 20 ms, and so does the caller's audio come. */
const FRAMES_MS = 45
/** Less of a reply than this is the filling of its last frame, or the rounding of a cut. */
const CRUMB_MS = 60
/** An agent that calls tools for ever never answers, and a service that only fails does not either. */
const MOST = { toolCalls: 3, failures: 2 }

const WORDS = { words: 'Tell me more about it.', acknowledgement: 'Okay.', nothing: '', unintelligible: null }

export interface Conversation extends LineEvents {
  /** Of the caller, each `pauseMs` after the one before. `untold`: the service never transcribes it. */
  readonly utterances: readonly {
    readonly pauseMs: number
    readonly ms: number
    readonly kind: keyof typeof WORDS | 'untold'
    readonly transcriptMs: number
  }[]
  /** Of the model, in turn; `ms` in frames of 20 ms. See VirtualReply. */
  readonly replies: readonly {
    readonly firstMs: number
    readonly ms: number
    readonly toolAfterMs: number | null
    readonly fails: boolean
  }[]
  readonly greeting: string
  /** When an operator has the agent say something; null where nobody does. */
  readonly sayMs: number | null
  readonly interruption: InterruptionPolicy
  readonly fillers: boolean
  readonly toolMs: number
  /** To the model, one way. */
  readonly delayMs: number
  readonly speed: number
  readonly deltaMs: number
  readonly lateDeltas: number
}

/** Where the agent may speak on until it is known what the caller says, both may be heard. */
function yieldsAtOnce({ interruption }: Conversation): boolean {
  return interruption.minSpeechMs === 0 && interruption.minWords === 0
}

/** A carrier and a model on one clock, which find fault with what comes of the session between them as it comes. */
class Line extends VirtualLine {
  readonly model: VirtualModel
  readonly #conversation: Conversation
  #failures = 0

  constructor(conversation: Conversation) {
    super(conversation, yieldsAtOnce(conversation))
    this.#conversation = conversation
    const { delayMs, speed, deltaMs, lateDeltas } = conversation
    this.model = new VirtualModel({
      ...{ clock: this.clock, delayMs, speed, deltaMs, lateDeltas },
      reply: (index) => this.#reply(index),
      onHandled: (type) => {
        if (type === 'input_audio_buffer.speech_stopped') this.speaks = false
        if (type === 'input_audio_buffer.speech_started') this.callerSpeaks()
      },
      onTruncated: (item, audioEndMs) => this.#onTruncated(item, audioEndMs)
    })
  }

  #reply(index: number) {
    const { replies } = this.#conversation
    const { firstMs, ms, toolAfterMs, fails } = replies[index % replies.length]
    this.#failures = fails && this.#failures < MOST.failures ? this.#failures + 1 : 0
    const mayCall = this.model.toolCalls.size < MOST.toolCalls
    return { firstMs, ms: 20 * ms, toolAfterMs: mayCall ? toolAfterMs : null, fails: this.#failures > 0 }
  }

  #onTruncated({ byte }: VirtualItem, audioEndMs: number): void {
    const { carrierDelayMs, lossMs } = this.#conversation
    // What was on its way as the line broke is known to nobody.
    const onItsWayMs = lossMs === null ? 0 : 2 * carrierDelayMs + 20
    this.clock.after(2 * carrierDelayMs, () => {
      const heardMs = this.heardMs(byte)
      if (Math.abs(audioEndMs - heardMs) > FRAMES_MS + onItsWayMs)
        this.faults.push(`${audioEndMs} ms told of ${heardMs} ms heard`)
    })
  }
}

/** A session with a realtime engine, answered and ready. */
async function answer(line: Line, conversation: Conversation): Promise<CallSession> {
  const { clock, model } = line
  const { greeting, interruption, fillers, sayMs, toolMs } = conversation
  const log = pino({ level: 'silent' })
  const profile = { ...testProfile, greeting, interruption, fillerPhrases: fillers ? ['One moment.'] : [] }
  const spec = { name: 'look_up', description: 'Looks up.', parameters: {} }
  const run = () => new Promise<string>((resolve) => clock.after(toolMs, () => resolve('found')))
  const engine = new RealtimeEngine({
    ...{ apiKey: 'key', baseUrl: null, model: 'gpt-realtime-2.1', voice: 'marin', audio: 'auto' },
    ...{ profile, tools: [spec], format: PCMU_8K, clock, log, dial: model.dial }
  })
  const session = line.begin({ engine, profile, tools: [{ spec, run }] })
  if (sayMs !== null) clock.after(sayMs, () => session.say('We close at six today.'))
  await clock.pass(READY_MS)
  return session
}

/** Everything that the caller says, and the quiet after it. Returns when the last real words had been said, or a key pressed. */
async function speak(line: Line, { utterances }: Conversation): Promise<number | null> {
  const { clock, model } = line
  let wordsEndedAt: number | null = null
  for (const [index, { pauseMs, ms, kind, transcriptMs }] of utterances.entries()) {
    const id = `utterance_${index}`
    await clock.pass(pauseMs + VAD.startMs)
    const isHeard = !line.isGone
    if (isHeard) model.speechStarted(id)
    await clock.pass(ms - VAD.startMs + VAD.endMs)
    if (!isHeard) continue
    model.speechStopped(id)
    if (kind !== 'untold') clock.after(transcriptMs, () => model.transcribed(id, WORDS[kind]))
    if (kind === 'words') wordsEndedAt = clock.now()
  }
  await clock.pass(QUIET_MS)
  return line.pressedAt === null ? wordsEndedAt : Math.max(line.pressedAt, wordsEndedAt ?? 0)
}

/** What is wrong with where the conversation has come to. */
function judge(line: Line, conversation: Conversation, from: number | null): string[] {
  const { carrier, clock, model, pressedAt } = line
  const { carrierDelayMs, interruption, lossMs } = conversation
  const faults: string[] = []
  const crumbMs = CRUMB_MS + (lossMs === null ? 0 : 2 * carrierDelayMs)
  const isWhole = ({ byte, generatedMs }: VirtualItem) =>
    line.heardMs(byte) > Math.max(0, generatedMs - crumbMs)
  const isAnswer = (item: VirtualItem) => item.begunAt >= Number(from) && !item.cancelled && isWhole(item)
  if (model.responding || !carrier.idle) faults.push('the agent is not done')
  if (from !== null && !model.items.some(isAnswer))
    faults.push('the caller’s last words have no answer that was heard whole')
  for (const [id, isAnswered] of model.toolCalls) if (!isAnswered) faults.push(`${id} has no output`)
  const lastEnd = clock.now() - QUIET_MS
  const answers = model.items.filter((item) => item.begunAt >= lastEnd && !item.ordered && isWhole(item))
  const isPlain = model.toolCalls.size === 0 && pressedAt === null
  if (isPlain && yieldsAtOnce(conversation) && answers.length > 1) faults.push('the caller is answered twice')
  const last = model.items.at(-1)
  if (interruption.resume && last && !last.deleted && !isWhole(last))
    faults.push('the end of the last reply was not heard')
  const survived = ['response_cancel_not_active', 'conversation_already_has_active_response']
  return [...faults, ...model.errors.filter((code) => !survived.includes(code))]
}

/** Has a call lived through, with the real session and the real engine, and tells what was wrong with it. */
export async function converse(conversation: Conversation): Promise<string[]> {
  const line = new Line(conversation)
  const session = await answer(line, conversation)
  const wordsEndedAt = await speak(line, conversation)
  const faults = [...line.faults, ...judge(line, conversation, wordsEndedAt)]
  await session.end('operator')
  return faults
}
