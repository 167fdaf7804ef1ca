import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

const milliseconds = Type.Union([Type.Number(), Type.Null()])
const sideSchema = Type.Union([
  Type.Object({ saidText: Type.String(), heardText: Type.String() }),
  Type.Null()
])

/** One exchange as the server tells it, once it is over: the caller speaks, the agent replies. Turn 0 is the greeting. */
const turnSchema = Type.Object({
  turnIndex: Type.Integer(),
  caller: sideSchema,
  agent: sideSchema,
  interrupted: Type.Boolean(),
  heardMs: Type.Number(),
  saidMs: Type.Number(),
  latency: Type.Object({
    responseMs: milliseconds,
    endpointMs: milliseconds,
    engineMs: milliseconds,
    playoutMs: milliseconds
  })
})

const payloads = {
  transcript: Type.Object({
    turnIndex: Type.Integer(),
    speaker: Type.Enum(['caller', 'agent']),
    text: Type.String(),
    final: Type.Boolean()
  }),
  'turn.completed': Type.Object({ turn: turnSchema }),
  'turn.interrupted': Type.Object({
    turnIndex: Type.Integer(),
    heardMs: Type.Number(),
    clearMs: Type.Number()
  }),
  'tool.called': Type.Object({ tool: Type.String(), durationMs: Type.Number(), ok: Type.Boolean() }),
  'engine.failed': Type.Object({ code: Type.String() }),
  'call.ended': Type.Object({ reason: Type.String(), durationMs: Type.Number() })
}

type Payloads = { [Type in keyof typeof payloads]: Static<(typeof payloads)[Type]> }

export type ServerTurn = Static<typeof turnSchema>
/** The events that the phone makes use of; a server tells more of them. */
export type ServerEvent = {
  [Name in keyof Payloads]: { readonly type: Name; readonly payload: Payloads[Name] }
}[keyof Payloads]

const envelope = Type.Object({
  type: Type.String(),
  payload: Type.Object({ call_id: Type.String() })
})

/** A message of `/call-events`; null for one that the phone has no use for. */
export function parseCallEvent(text: string): { callId: string; event: ServerEvent } | null {
  const message = parseJson(text)
  if (!Value.Check(envelope, message)) return null
  const schema = Object.hasOwn(payloads, message.type) ? payloads[message.type as keyof Payloads] : null
  if (!schema || !Value.Check(schema, message.payload)) return null
  const event = { type: message.type, payload: message.payload } as unknown as ServerEvent
  return { callId: message.payload.call_id, event }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
