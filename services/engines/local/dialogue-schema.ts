import Type, { type Static } from 'typebox'

const closed = { additionalProperties: false }
/** Sentences to choose from in turn, so that the agent doesn't say the same twice running. */
const Variants = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
const Phrases = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
const Name = '^[a-z_]+$'
const Clock = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
  description: 'a time such as "18:30"'
})

const asked = {
  /** Said when the value is missing. */
  ask: Variants,
  /** Whole sentences that give the value when it was asked for. */
  answers: Phrases,
  /** Said when the value was understood but can't be. */
  invalid: Type.Optional(Variants),
  /** Said when the question was misunderstood again and again: how to answer with the keys. */
  keys: Type.Optional(Variants)
}

const SlotSchema = Type.Union([
  Type.Object(
    {
      type: Type.Literal('number'),
      min: Type.Integer({ minimum: 0, maximum: 99 }),
      max: Type.Integer({ minimum: 0, maximum: 99 }),
      ...asked
    },
    closed
  ),
  Type.Object(
    {
      type: Type.Literal('digits'),
      minLength: Type.Integer({ minimum: 1, maximum: 16 }),
      maxLength: Type.Integer({ minimum: 1, maximum: 16 }),
      ...asked
    },
    closed
  ),
  Type.Object({ type: Type.Literal('day'), ...asked }, closed),
  Type.Object({ type: Type.Literal('time'), from: Clock, to: Clock, ...asked }, closed),
  Type.Object({ type: Type.Literal('choice'), records: Type.String(), ...asked }, closed)
])

const ToolSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    /** Arguments of the call; templates. */
    arguments: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Said before the call; without it `say` is. */
    before: Type.Optional(Variants),
    /** Said with the result: `{result}`, or the fields of a JSON object. */
    done: Type.Optional(Variants),
    failed: Type.Optional(Variants),
    /** The intent that takes over where the agent has no such tool; without it `say` answers. */
    otherwise: Type.Optional(Type.String())
  },
  closed
)

const IntentSchema = Type.Object(
  {
    phrases: Phrases,
    /** The telephone key that asks for it. */
    key: Type.Optional(Type.String({ pattern: '^[0-9]$', description: 'one digit' })),
    /** What must be known before it is answered, in the order of asking. */
    slots: Type.Optional(Type.Array(Type.String())),
    /** Fields for the answer: the record that the slot's value names. */
    lookup: Type.Optional(Type.Object({ records: Type.String(), by: Type.String() }, closed)),
    /** The last question before it is answered. */
    confirm: Type.Optional(Variants),
    /** Said to a "no" to that question. */
    declined: Type.Optional(Variants),
    say: Type.Optional(Variants),
    /** Said when `lookup` finds nothing. */
    unknown: Type.Optional(Variants),
    tool: Type.Optional(ToolSchema),
    /** What it does to the conversation itself. */
    action: Type.Optional(
      Type.Union([
        Type.Literal('repeat'),
        Type.Literal('slower'),
        Type.Literal('faster'),
        Type.Literal('yes'),
        Type.Literal('no'),
        Type.Literal('cancel')
      ])
    )
  },
  closed
)

export const DialogueSchema = Type.Object(
  {
    /** IANA name; decides which day is today. */
    timeZone: Type.Optional(Type.String()),
    /** Recognitions below it count as not understood. */
    minConfidence: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    facts: Type.Record(Type.String({ pattern: Name }), Type.String()),
    records: Type.Record(
      Type.String({ pattern: Name }),
      Type.Record(
        Type.String(),
        Type.Record(Type.String({ pattern: Name }), Type.Union([Type.String(), Phrases]))
      )
    ),
    /** ARPAbet of words that the recogniser's dictionary lacks. */
    pronunciations: Type.Optional(Type.Record(Type.String(), Type.String())),
    fragments: Type.Optional(Type.Record(Type.String({ pattern: Name }), Type.String())),
    /** What callers say before and after what matters. */
    leads: Type.Optional(Phrases),
    tails: Type.Optional(Phrases),
    slots: Type.Record(Type.String({ pattern: Name }), SlotSchema),
    intents: Type.Record(Type.String({ pattern: Name }), IntentSchema),
    prompts: Type.Object(
      {
        /** What the agent can do. */
        notUnderstood: Variants,
        /** In front of a question that is asked again. */
        sorry: Variants,
        /** After three misunderstandings running. */
        keys: Variants,
        unknownKey: Variants,
        nothingToRepeat: Variants,
        slower: Variants,
        faster: Variants,
        cancelled: Variants
      },
      closed
    )
  },
  closed
)

export type DialogueData = Static<typeof DialogueSchema>
export type IntentData = Static<typeof IntentSchema>
export type ToolData = Static<typeof ToolSchema>
export type SlotData = Static<typeof SlotSchema>
export type RecordData = DialogueData['records'][string][string]
