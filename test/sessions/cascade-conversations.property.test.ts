import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PCMU_8K } from '../../audio/format.ts'
import { DEFAULT_INTERRUPTION } from '../../services/default-agent.ts'
import { CascadeEngine } from '../../services/engines/cascade/cascade-engine.ts'
import type { CallSession } from '../../sessions/call-session.ts'
import { VirtualLine } from '../support/conversation-rig.ts'
import { testProfile } from '../support/session-rig.ts'
import { DEAF, ONE_MOMENT, VirtualCascade, type VirtualSpeech } from '../support/virtual-cascade.ts'

/** What ends an utterance, and what tells of its beginning, in ms of audio. */
const VAD = { startMs: 40, endMs: 300 }
/** After the last utterance everybody has had their say. */
const QUIET_MS = 25_000
/** Less of a reply than this is the filling of its last frame, or the rounding of a cut. */
const CRUMB_MS = 60

/** By the operator. */
const ORDERED = 'One more thing.'

const TEXTS = { words: 'Tell me more about it.', acknowledgement: 'Okay.', nothing: '' }

const conversations = fc.record({
  utterances: fc.array(
    fc.record({
      pauseMs: fc.oneof(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 20, max: 5000 })),
      ms: fc.oneof(fc.integer({ min: 80, max: 500 }), fc.integer({ min: 80, max: 2500 })),
      kind: fc.constantFrom(
        'words' as const,
        'words' as const,
        'acknowledgement' as const,
        'nothing' as const
      ),
      /** How long before its end it seems to be over; 0 for never. */
      eagerMs: fc.constantFrom(0, 0, 60, 200)
    }),
    { minLength: 1, maxLength: 6 }
  ),
  replies: fc.array(
    fc.record({
      firstMs: fc.integer({ min: 20, max: 1200 }),
      words: fc.integer({ min: 1, max: 30 }),
      tool: fc.constantFrom(false, false, false, true)
    }),
    { minLength: 1, maxLength: 8 }
  ),
  greeting: fc.constantFrom('', 'Hello there.'),
  interruption: fc.oneof(
    fc.constant(DEFAULT_INTERRUPTION),
    fc.record({
      minSpeechMs: fc.constantFrom(0, 200, 500),
      minWords: fc.constantFrom(0, 2),
      acknowledgements: fc.constant(null),
      resume: fc.boolean()
    })
  ),
  voiceMs: fc.constantFrom(40, 200, 600),
  speed: fc.constantFrom(0.8, 1.2, 2, 8),
  deltaMs: fc.constantFrom(20, 100, 200),
  /** The operator has the agent say something, so long after the call has begun; null for never. */
  orderMs: fc.option(fc.integer({ min: 0, max: 8000 }), { freq: 3 }),
  carrierDelayMs: fc.constantFrom(0, 0, 60),
  lossMs: fc.option(fc.integer({ min: 800, max: 12_000 }), { freq: 1 }),
  absenceMs: fc.constantFrom(100, 1500, 3000),
  keyMs: fc.option(fc.integer({ min: 800, max: 12_000 }), { freq: 1 })
})
type Conversation = typeof conversations extends fc.Arbitrary<infer C> ? C : never

/** Where the agent may speak on until it is known what the caller says, both may be heard. */
function yieldsAtOnce({ interruption }: Conversation): boolean {
  return interruption.minSpeechMs === 0 && interruption.minWords === 0
}

function lay(conversation: Conversation) {
  const { replies, ...speeds } = conversation
  const line = new VirtualLine(conversation, yieldsAtOnce(conversation))
  const reply = (index: number) => replies[index % replies.length]
  return Object.assign(line, { cascade: new VirtualCascade({ clock: line.clock, ...speeds, reply }) })
}

type Line = ReturnType<typeof lay>

/** A session with a cascade, answered and ready. */
async function answer(line: Line, conversation: Conversation): Promise<CallSession> {
  const { clock, cascade, faults } = line
  const { greeting, interruption } = conversation
  const profile = { ...testProfile, greeting, interruption }
  const { model, speechToText, textToSpeech } = cascade
  const engine = new CascadeEngine({
    ...{ profile, tools: [], format: PCMU_8K, clock },
    ...{ speechToText: [speechToText], models: [model], textToSpeech: [textToSpeech] },
    classifiers: Promise.resolve({ create: () => DEAF })
  })
  engine.on('trouble', ({ code }) => faults.push(code))
  const session = line.begin({ engine, profile })
  if (conversation.orderMs !== null) clock.after(800 + conversation.orderMs, () => engine.say(ORDERED))
  await clock.pass(800)
  return session
}

/** Everything that the caller says, and the quiet after it. Returns when the last real words had been said. */
async function speak(line: Line, { utterances }: Conversation): Promise<number | null> {
  const { cascade, clock } = line
  const { listener } = cascade
  assert.ok(listener)
  let wordsEndedAt: number | null = null
  for (const { pauseMs, ms, kind, eagerMs } of utterances) {
    await clock.pass(pauseMs + VAD.startMs)
    const isHeard = !line.isGone
    if (isHeard) listener.started()
    if (isHeard) line.callerSpeaks()
    await clock.pass(ms - VAD.startMs + VAD.endMs - eagerMs)
    if (!isHeard) continue
    if (eagerMs > 0 && TEXTS[kind] !== '') listener.maybeEnded(TEXTS[kind])
    await clock.pass(eagerMs)
    line.speaks = false
    listener.ended(TEXTS[kind])
    if (kind === 'words') wordsEndedAt = clock.now()
  }
  await clock.pass(QUIET_MS)
  return line.pressedAt === null ? wordsEndedAt : Math.max(line.pressedAt, wordsEndedAt ?? 0)
}

/** What is wrong with where the conversation has come to. */
function judge(line: Line, conversation: Conversation, from: number | null): string[] {
  const { clock, carrier, cascade } = line
  const faults: string[] = []
  const crumbMs = CRUMB_MS + (conversation.lossMs === null ? 0 : 2 * conversation.carrierDelayMs)
  const isWhole = ({ byte, generatedMs }: VirtualSpeech) =>
    line.heardMs(byte) > Math.max(0, generatedMs - crumbMs)
  const answers = ({ text }: VirtualSpeech) => text !== ONE_MOMENT && !ORDERED.endsWith(text)
  const isAnswer = (speech: VirtualSpeech) =>
    speech.text !== ONE_MOMENT && speech.begunAt >= Number(from) - 300 && !speech.cancelled && isWhole(speech)
  if (cascade.busy > 0 || !carrier.idle) faults.push('the agent is not done')
  // What is cut for nothing stays cut where the agent may not resume.
  if (from !== null && conversation.interruption.resume && !cascade.speeches.some(isAnswer))
    faults.push('the caller’s last words have no answer that was heard whole')
  const lastEnd = clock.now() - QUIET_MS
  const last = cascade.speeches.filter(
    (speech) => answers(speech) && speech.begunAt >= lastEnd - 300 && isWhole(speech)
  )
  if (line.pressedAt === null && yieldsAtOnce(conversation) && last.length > 1)
    faults.push('the caller is answered twice')
  const lastHeard = cascade.speeches.findLast(({ byte }) => line.heardMs(byte) > 0)
  if (conversation.interruption.resume && lastHeard && !isWhole(lastHeard))
    faults.push('the end of the last reply was not heard')
  return faults
}

async function converse(conversation: Conversation): Promise<string[]> {
  const line = lay(conversation)
  const session = await answer(line, conversation)
  const wordsEndedAt = await speak(line, conversation)
  const faults = [...line.faults, ...judge(line, conversation, wordsEndedAt)]
  await session.end('operator')
  return faults
}

describe('a conversation of any timing with the cascade', () => {
  it('has nobody talk into the caller’s words, and each of the caller’s questions answered', async () => {
    const property = fc.asyncProperty(conversations, async (conversation) => {
      assert.deepEqual(await converse(conversation), [])
    })
    const numRuns = Number(process.env.CONVERSATIONS ?? 200)
    await fc.assert(property, { numRuns, seed: Number(process.env.CONVERSATIONS_SEED ?? 20_261_130) })
  })
})
