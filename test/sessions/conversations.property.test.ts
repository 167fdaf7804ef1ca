import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_INTERRUPTION } from '../../services/default-agent.ts'
import { type Conversation, converse } from '../support/realtime-conversation.ts'

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

const utterances = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 20, max: 5000 })),
    ms: fc.oneof(fc.integer({ min: 80, max: 500 }), fc.integer({ min: 80, max: 2500 })),
    kind: fc.constantFrom(...kinds),
    transcriptMs: fc.oneof(fc.integer({ min: 50, max: 600 }), fc.integer({ min: 50, max: 2500 }))
  }),
  { minLength: 1, maxLength: 6 }
)

/** Nothing happens but talk. */
const PLAIN = {
  sayMs: null,
  fillers: false,
  toolMs: 5,
  carrierDelayMs: 0,
  lossMs: null,
  absenceMs: 100,
  keyMs: null
}

const timings = {
  utterances,
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
}
const plainReply = { firstMs: fc.integer({ min: 20, max: 1200 }), ms: fc.integer({ min: 10, max: 300 }) }

const conversations: fc.Arbitrary<Conversation> = fc
  .record({ ...timings, replies: fc.array(fc.record(plainReply), { minLength: 1, maxLength: 8 }) })
  .map(({ replies, ...rest }) => ({ ...rest, ...PLAIN, replies: replies.map(talk) }))

const eventful: fc.Arbitrary<Conversation> = fc.record({
  ...timings,
  replies: fc.array(
    fc.record({
      ...plainReply,
      toolAfterMs: fc.constantFrom(null, null, 0, 600),
      fails: fc.constantFrom(false, false, false, true)
    }),
    { minLength: 2, maxLength: 8 }
  ),
  sayMs: fc.option(fc.integer({ min: 800, max: 12_000 }), { freq: 1 }),
  fillers: fc.boolean(),
  toolMs: fc.constantFrom(5, 300, 1500, 4000),
  carrierDelayMs: fc.constantFrom(0, 0, 60),
  lossMs: fc.option(fc.integer({ min: 800, max: 12_000 }), { freq: 2 }),
  absenceMs: fc.constantFrom(100, 1500, 3000),
  keyMs: fc.option(fc.integer({ min: 800, max: 12_000 }), { freq: 1 })
})

function talk(reply: { firstMs: number; ms: number }) {
  return { ...reply, toolAfterMs: null, fails: false }
}

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
      replies: [talk({ firstMs: 60, ms: 10 })],
      greeting: '',
      interruption: DEFAULT_INTERRUPTION,
      ...{ ...PLAIN, delayMs: 0, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // Words and a cough over the greeting: the cough was known first, and the words had no answer.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 651 },
        { pauseMs: 20, ms: 80, kind: 'nothing', transcriptMs: 50 }
      ],
      replies: [talk({ firstMs: 20, ms: 70 })],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 0, minWords: 2, acknowledgements: null, resume: false },
      ...{ ...PLAIN, delayMs: 60, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // Words over the greeting whose answer was cut, unheard, for an "okay": asked for again, it was cut as their text came.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 651 },
        { pauseMs: 20, ms: 80, kind: 'acknowledgement', transcriptMs: 50 }
      ],
      replies: [talk({ firstMs: 61, ms: 100 })],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 0, minWords: 2, acknowledgements: null, resume: false },
      ...{ ...PLAIN, delayMs: 0, speed: 8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // The rest of an answer that noise had broken off was due as more noise began, and was not asked for after it.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'unintelligible', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'nothing', transcriptMs: 50 }
      ],
      replies: [talk({ firstMs: 20, ms: 23 })],
      greeting: '',
      interruption: { minSpeechMs: 500, minWords: 0, acknowledgements: null, resume: true },
      ...{ ...PLAIN, delayMs: 0, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ]
]
const FOUND_EVENTFUL: [Conversation][] = [
  // The text of an utterance came after a second and a half, as its answer began after a tool: it cut that answer.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 1501 }
      ],
      replies: [
        talk({ firstMs: 20, ms: 10 }),
        { firstMs: 503, ms: 10, toolAfterMs: 0, fails: false },
        talk({ firstMs: 697, ms: 10 }),
        talk({ firstMs: 20, ms: 10 })
      ],
      greeting: '',
      interruption: { minSpeechMs: 0, minWords: 0, acknowledgements: null, resume: false },
      ...{ ...PLAIN, toolMs: 300, delayMs: 0, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // What the agent said after a tool was dropped with a cough; the service went on making it, and no word was answered.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'untold', transcriptMs: 50 },
        { pauseMs: 1460, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 }
      ],
      replies: [
        talk({ firstMs: 175, ms: 25 }),
        { firstMs: 378, ms: 10, toolAfterMs: 0, fails: false },
        talk({ firstMs: 92, ms: 74 }),
        talk({ firstMs: 20, ms: 10 }),
        talk({ firstMs: 20, ms: 10 })
      ],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 0, minWords: 0, acknowledgements: null, resume: true },
      ...{ ...PLAIN, toolMs: 300, delayMs: 15, speed: 0.8, deltaMs: 20, lateDeltas: 0 }
    }
  ],
  // The rest of a reply that coughs had broken off was asked for while the caller spoke, and was said into their words.
  [
    {
      utterances: [
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'untold', transcriptMs: 50 },
        { pauseMs: 1659, ms: 80, kind: 'words', transcriptMs: 50 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 }
      ],
      replies: [
        talk({ firstMs: 20, ms: 10 }),
        { firstMs: 20, ms: 10, toolAfterMs: 0, fails: false },
        talk({ firstMs: 655, ms: 10 })
      ],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 0, minWords: 0, acknowledgements: null, resume: true },
      ...{ ...PLAIN, carrierDelayMs: 60, delayMs: 60, speed: 0.8, deltaMs: 500, lateDeltas: 0 }
    }
  ],
  // The stream came back before it was known that the caller had said "okay": what was left of the reply stayed unsaid.
  [
    {
      utterances: [
        { pauseMs: 1779, ms: 317, kind: 'words', transcriptMs: 50 },
        { pauseMs: 339, ms: 1488, kind: 'words', transcriptMs: 50 },
        { pauseMs: 3911, ms: 147, kind: 'words', transcriptMs: 50 },
        { pauseMs: 1604, ms: 453, kind: 'acknowledgement', transcriptMs: 1500 },
        { pauseMs: 20, ms: 80, kind: 'words', transcriptMs: 50 }
      ],
      replies: [
        talk({ firstMs: 1196, ms: 284 }),
        talk({ firstMs: 29, ms: 97 }),
        { firstMs: 21, ms: 172, toolAfterMs: 0, fails: false }
      ],
      greeting: 'Hello.',
      interruption: { minSpeechMs: 200, minWords: 2, acknowledgements: null, resume: true },
      ...{ ...PLAIN, toolMs: 4000, lossMs: 11_988, absenceMs: 1500 },
      ...{ delayMs: 150, speed: 8, deltaMs: 200, lateDeltas: 0 }
    }
  ]
]

async function check(of: fc.Arbitrary<Conversation>, examples: [Conversation][]): Promise<void> {
  const property = fc.asyncProperty(of, async (conversation) => {
    assert.deepEqual(await converse(conversation), [])
  })
  const numRuns = Number(process.env.CONVERSATIONS ?? 150)
  const seed = Number(process.env.CONVERSATIONS_SEED ?? 20_261_130)
  await fc.assert(property, { numRuns, seed, examples })
}

describe('a conversation of any timing', () => {
  it('has nobody talk into the caller’s words, and each of the caller’s questions answered', () =>
    check(conversations, FOUND))

  it('does so where tools are called, responses fail, keys are pressed and the stream is lost', () =>
    check(eventful, FOUND_EVENTFUL))
})
