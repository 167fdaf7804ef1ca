import { Type } from 'typebox'
import { e164, instant, nullable, pageOf, uuid } from './api-schemas.ts'

const number = nullable(Type.Number())
const text = nullable(Type.String())

/** A row of `calls`, fields named as its columns. */
export const callRow = Type.Object(
  {
    id: uuid,
    carrier: Type.Enum(['telnyx', 'twilio', 'test']),
    carrier_call_id: Type.String(),
    direction: Type.Enum(['inbound', 'outbound']),
    from_number: text,
    to_number: text,
    agent_id: Type.String(),
    status: Type.Enum(['initiated', 'answered', 'live', 'ended', 'failed']),
    end_reason: text,
    end_detail: nullable(Type.String({ description: "busy, no_answer, machine, a carrier's error code, …" })),
    initiated_at: instant,
    answered_at: nullable(instant),
    ended_at: nullable(instant),
    duration_seconds: number,
    stream_codec: text,
    stream_sample_rate: number,
    engine: text,
    replica_id: text,
    last_heartbeat_at: nullable(instant),
    recording_path: text,
    answer_to_greeting_ms: number,
    dead_air_ms: number,
    carrier_started_at: Type.Optional(nullable(instant)),
    carrier_ended_at: Type.Optional(nullable(instant)),
    carrier_seconds: Type.Optional(number)
  },
  { title: 'Call' }
)

export const callPage = pageOf(callRow)

const turn = Type.Object({
  turn_index: Type.Integer(),
  speaker: Type.Enum(['caller', 'agent']),
  said_text: Type.String(),
  heard_text: Type.String(),
  interrupted: Type.Boolean(),
  started_at: instant,
  ended_at: instant,
  said_ms: number,
  heard_ms: number,
  response_ms: number,
  endpoint_ms: number,
  engine_ms: number,
  playout_ms: number
})

const event = Type.Object({
  type: Type.String(),
  event_id: Type.String(),
  occurred_at: instant,
  payload: Type.Unknown()
})

const usageItem = Type.Object({
  provider: Type.String(),
  model: Type.String(),
  kind: Type.String(),
  unit: Type.String(),
  quantity: Type.Number(),
  cost_usd: number,
  price_date: text
})

const usageMinutes = Type.Object({
  call_id: uuid,
  agent_id: Type.String(),
  number: text,
  direction: Type.String(),
  started_at: instant,
  ended_at: instant,
  seconds: Type.Number(),
  minutes: Type.Number({ description: 'rounded as USAGE_ROUNDING says' }),
  estimated: Type.Boolean({ description: 'closed after a crash, up to the last sign of life' }),
  carrier_seconds: Type.Optional(number),
  carrier_differs: Type.Optional(
    Type.Boolean({ description: "whether the carrier's own times are more than two seconds away" })
  )
})

const analysis = Type.Object(
  {
    model: Type.String(),
    summary: text,
    data: Type.Unknown({ description: "in the shape of the agent's own JSON Schema" }),
    success: nullable(Type.Boolean()),
    success_reason: text,
    error: nullable(Type.String({ description: 'why the call was not analysed; null where it was' }))
  },
  { description: 'what the chat model found out of the call; null where it was not asked' }
)

/** A call with its turns, events, usage and analysis. */
export const callDetails = Type.Interface(
  [callRow],
  {
    turns: Type.Array(turn),
    events: Type.Array(event),
    usage: Type.Object({ minutes: nullable(usageMinutes), items: Type.Array(usageItem) }),
    analysis: nullable(analysis)
  },
  { title: 'CallDetails' }
)

export const initiateBody = Type.Object(
  {
    to: e164,
    from: e164,
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'default: default' }))
  },
  { additionalProperties: false }
)

/** What an outbound call is answered with. */
export const initiated = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({
    callId: Type.String({ description: "the carrier's id of the call" }),
    status: Type.Literal('initiated'),
    direction: Type.Literal('outbound-dial'),
    streamUrl: Type.String(),
    dbRecord: nullable(callRow)
  })
})

export const muteBody = Type.Object(
  { party: Type.Optional(Type.Enum(['agent', 'caller'], { description: 'default: agent' })) },
  { additionalProperties: false }
)
