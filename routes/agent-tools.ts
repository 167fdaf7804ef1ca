import { type TSchema, Type } from 'typebox'

const closed = { additionalProperties: false }
/** What models take for the name of a function. */
const toolName = Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$', description: 'letters, digits, _ and -' })
const url = Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2000 })
const headers = Type.Record(
  Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }),
  Type.String({ maxLength: 4000 }),
  {
    maxProperties: 30,
    description:
      'sent with each request; replies hold *** for each value, which keeps the value there is when sent back'
  }
)

const builtIn = Type.Enum(['search_products', 'send_dtmf', 'transfer_call'])

const httpTool = Type.Object(
  {
    type: Type.Literal('http'),
    name: toolName,
    description: Type.String({
      minLength: 1,
      maxLength: 4000,
      description: 'tells the model when to call it'
    }),
    parameters: Type.Object({}, { additionalProperties: true, description: 'JSON Schema of the arguments' }),
    url,
    headers: Type.Optional(headers),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 60_000 })),
    secret: Type.Optional(
      Type.String({
        pattern: '^(whsec_[A-Za-z0-9+/=_-]{16,}|[*]{3})$',
        description:
          'what requests are signed with (Standard Webhooks); one is made where none is given, and told in that reply alone'
      })
    )
  },
  closed
)

const mcpServer = Type.Object(
  {
    type: Type.Literal('mcp'),
    name: toolName,
    url,
    headers: Type.Optional(headers),
    allowedTools: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200 }))
  },
  closed
)

/** What an agent may call. One branch alone is held against a tool, so that a fault names what is wrong with it. */
const tool = either(
  Type.Object({ type: Type.Literal('mcp') }),
  mcpServer,
  either(Type.Unsafe({ type: 'object' }), httpTool, builtIn)
)

export const agentTools = Type.Array(tool, { maxItems: 50 })

/** `if`, `then` and `else` of JSON Schema. */
function either(condition: TSchema, whereItHolds: TSchema, otherwise: TSchema): TSchema {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  return Type.Unsafe({ if: condition, then: whereItHolds, else: otherwise })
}
