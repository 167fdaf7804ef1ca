import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import { PCMU_8K } from '../../audio/format.ts'
import { DEFAULT_INTERRUPTION } from '../../services/default-agent.ts'
import { RealtimeEngine } from '../../services/engines/realtime/realtime-engine.ts'
import { beginCall } from '../support/conversation-rig.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { settle, testProfile } from '../support/session-rig.ts'
import { VirtualCarrier } from '../support/virtual-carrier.ts'
import { type VirtualItem, VirtualModel } from '../support/virtual-model.ts'

/** What ends an utterance, and what tells of its beginning, in ms of audio. */
const VAD = { startMs: 40, endMs: 500 }
/** After the last utterance everybody has had their say. */
const QUIET_MS = 45_000
/** The carrier plays by frames of 20 ms, and so does the caller's audio come. */
const FRAMES_MS = 45
/** Less of a reply than this is the filling of its last frame, or the rounding of a cut. */
const CRUMB_MS = 60

const kinds = [
  'words',
  'words',
  'words',
  'words',
  'acknowledgement',
  'nothing',
  'unintelligible',
  'untold'
] as const
const WORDS = { words: 'Tell me more about it.', acknowledgement: 'Okay.', nothing: '', unintelligible: null }

const utterances = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 20, max: 5000 })),
    ms: fc.oneof(fc.integer({ min: 80, max: 500 }), fc.integer({ min: 80, max: 2500 })),
    kind: fc.constantFrom(...kinds),
    transcriptMs: fc.oneof(fc.integer({ min: 50, max: 600 }), fc.integer({ min: 50, max: 2500 }))
  }),
  { minLength: 1, maxLength: 6 }
)
const conversations = fc.record({
  utterances,
  replies: fc.array(
    fc.record({ firstMs: fc.integer({ min: 20, max: 1200 }), ms: fc.integer({ min: 10, max: 300 }) }),
    { minLength: 1, maxLength: 8 }
  ),
  greeting: fc.constantFrom('', 'Hello.'),
  interruption: fc.oneof(
    fc.constant(DEFAULT_INTERRUPTION),
    fc.record({
      minSpeechMs: fc.constantFrom(0, 200, 500),
      minWords: fc.constantFrom(0, 2),
      acknowledgements: fc.constant(null),
      resume: fc.boolean()
    })
  ),
  delayMs: fc.constantFrom(0, 15, 60, 150),
  speed: fc.constantFrom(0.8, 1.2, 2, 8),
  deltaMs: fc.constantFrom(20, 100, 200, 500),
  lateDeltas: fc.integer({ min: 0, max: 2 })
})
type Conversation = typeof conversations extends fc.Arbitrary<infer C> ? C : never

/** Such as once went wrong, and are rare. */
const FOUND: [Conversation][] = [
  // An answer was cut for a second word, that one's for a cough, and the cough's for more words, which were answered twice.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 21, ms: 80, kind: 'untold', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'unintelligible', transcriptMs: 601 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 }
      ],
      replies: [{ firstMs: 60, ms: 10 }],
      greeting: '',
      interruption: DEFAULT_INTERRUPTION,
      ...{ delayMs: 0, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // Words and a cough over the greeting: the cough was known first, and the words had no answer.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 651 },
        { pauseMs: 20, ms: 80, kind: 'nothing', transcriptMs: 50 }
      ],
      replies: [{ firstMs: 20, ms: 70 }],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 0, minWords: 2, acknowledgements: null, resume: false },
      ...{ delayMs: 60, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ]
]

/** Where the agent may speak on until it is known what the caller says, both may be heard. */
function yieldsAtOnce({ interruption }: Conversation): boolean {
  return interruption.minSpeechMs === 0 && interruption.minWords === 0
}

/** A carrier and a model on one clock, which find fault with what comes of the session between them as it comes. */
function lay(conversation: Conversation, faults: string[]) {
  const { replies, delayMs, speed, deltaMs, lateDeltas } = conversation
  const strict = yieldsAtOnce(conversation)
  const clock = new ManualClock()
  let speaks = false
  const carrier = new (class extends VirtualCarrier {
    override send(payload: Uint8Array): void {
      if (speaks && strict) faults.push('the agent speaks into the caller’s sentence')
      super.send(payload)
    }
  })({ clock })
  const model = new VirtualModel({
    ...{ clock, delayMs, speed, deltaMs, lateDeltas },
    reply: (index) => {
      const { firstMs, ms } = replies[index % replies.length]
      return { firstMs, ms: 20 * ms }
    },
    onHandled(type) {
      if (type === 'input_audio_buffer.speech_stopped') speaks = false
      if (type !== 'input_audio_buffer.speech_started') return
      speaks = true
      if (strict && carrier.queuedMs > 20)
        faults.push(`${carrier.queuedMs} ms are played on as the caller speaks`)
    },
    onTruncated(item, audioEndMs) {
      const heardMs = carrier.heardMs(item.byte)
      if (Math.abs(audioEndMs - heardMs) > FRAMES_MS)
        faults.push(`${audioEndMs} ms told of ${heardMs} ms heard`)
    }
  })
  return { clock, carrier, model }
}

type Line = ReturnType<typeof lay>

/** A session with a realtime engine, answered and ready. */
async function answer({ clock, carrier, model }: Line, conversation: Conversation, faults: string[]) {
  const { greeting, interruption } = conversation
  const log = pino({ level: 'silent' })
  const profile = { ...testProfile, greeting, interruption }
  const engine = new RealtimeEngine({
    ...{ apiKey: 'key', baseUrl: null, model: 'gpt-realtime-2.1', voice: 'marin', audio: 'auto' },
    ...{ profile, tools: [], format: PCMU_8K, clock, log, dial: model.dial }
  })
  const session = beginCall({ clock, carrier, engine, profile, faults })
  for (let step = 0; step < 40; step++) {
    clock.advance(20)
    await settle()
  }
  return session
}

/** Everything that the caller says, and the quiet after it. Returns when the last real words had been said. */
function speak({ clock, model }: Line, { utterances }: Conversation): number | null {
  let at = 0
  let wordsEndedAt: number | null = null
  for (const [index, { pauseMs, ms, kind, transcriptMs }] of utterances.entries()) {
    const id = `utterance_${index}`
    const toldAt = at + pauseMs + ms + VAD.endMs
    clock.after(at + pauseMs + VAD.startMs, () => model.speechStarted(id))
    clock.after(toldAt, () => model.speechStopped(id))
    if (kind !== 'untold') clock.after(toldAt + transcriptMs, () => model.transcribed(id, WORDS[kind]))
    if (kind === 'words') wordsEndedAt = clock.now() + toldAt
    at = toldAt
  }
  clock.advance(at + QUIET_MS)
  return wordsEndedAt
}

/** What is wrong with where the conversation has come to. */
function judge({ clock, carrier, model }: Line, conversation: Conversation, from: number | null): string[] {
  const faults: string[] = []
  const isWhole = ({ byte, generatedMs }: VirtualItem) =>
    carrier.heardMs(byte) > Math.max(0, generatedMs - CRUMB_MS)
  const isAnswer = (item: VirtualItem) => item.begunAt >= Number(from) && !item.cancelled && isWhole(item)
  if (model.responding || !carrier.idle) faults.push('the agent is not done')
  if (from !== null && !model.items.some(isAnswer))
    faults.push('the caller’s last words have no answer that was heard whole')
  const lastEnd = clock.now() - QUIET_MS
  const answers = model.items.filter((item) => item.begunAt >= lastEnd && !item.ordered && isWhole(item))
  if (yieldsAtOnce(conversation) && answers.length > 1) faults.push('the caller is answered twice')
  const last = model.items.at(-1)
  if (conversation.interruption.resume && last && !last.deleted && !isWhole(last))
    faults.push('the end of the last reply was not heard')
  const survived = ['response_cancel_not_active', 'conversation_already_has_active_response']
  return [...faults, ...model.errors.filter((code) => !survived.includes(code))]
}

async function converse(conversation: Conversation): Promise<string[]> {
  const faults: string[] = []
  const line = lay(conversation, faults)
  const session = await answer(line, conversation, faults)
  const wordsEndedAt = speak(line, conversation)
  faults.push(...judge(line, conversation, wordsEndedAt))
  await session.end('operator')
  return faults
}

describe('a conversation of any timing', () => {
  it('has nobody talk into the caller’s words, and each of the caller’s questions answered', async () => {
    const property = fc.asyncProperty(conversations, async (conversation) => {
      assert.deepEqual(await converse(conversation), [])
    })
    const numRuns = Number(process.env.CONVERSATIONS ?? 400)
    await fc.assert(property, { numRuns, seed: 20_261_130, examples: FOUND })
  })
})
