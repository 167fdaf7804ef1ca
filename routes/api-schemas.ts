import { type TSchema, Type } from 'typebox'

/** E.164 (ITU-T): a plus and up to 15 digits. */
export const e164 = Type.String({
  pattern: '^\\+[1-9][0-9]{6,14}$',
  description: 'E.164, for example +13125550100'
})
export const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
export const agentId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$' })
export const callId = Type.String({
  minLength: 1,
  maxLength: 300,
  description: "our id of the call, or the carrier's"
})

/** In replies: ISO 8601. */
export const instant = Type.String({ format: 'date-time' })
export const success = Type.Object({ success: Type.Literal(true) })

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()])
}

/** A page of a list. */
export function pageOf<Schema extends TSchema>(row: Schema) {
  return Type.Object({
    data: Type.Array(row),
    next: nullable(Type.String({ description: 'for the parameter that asks for the page after this one' }))
  })
}

const error = Type.Object(
  {
    error: Type.String({ description: 'what was wrong, in snake_case' }),
    message: Type.String({ description: 'what was wrong and what was expected' })
  },
  { title: 'Error' }
)

const MEANINGS = {
  400: 'The request is not as expected.',
  401: 'The operator token is missing or wrong.',
  402: "The carrier's account has no money.",
  403: 'Refused.',
  404: 'There is no such thing.',
  409: 'Not in this state.',
  413: 'Too large.',
  415: 'Not of a type that is taken here.',
  426: 'A WebSocket is expected.',
  429: 'Too many.',
  502: 'The carrier refused, or was out of reach.',
  503: 'Not now, or not configured.'
} as const

/** The error replies of a route, for its schema. */
export function errors(...statuses: (keyof typeof MEANINGS)[]): Record<number, TSchema> {
  return Object.fromEntries(statuses.map((status) => [status, { ...error, description: MEANINGS[status] }]))
}

/** The schema of a WebSocket, which a plain request is told about. */
export function socketSchema(summary: string, ...statuses: (keyof typeof MEANINGS)[]) {
  const upgraded = Type.Object({}, { description: 'WebSocket' })
  return { tags: ['sockets'], summary, response: { 101: upgraded, ...errors(426, ...statuses) } }
}

/** Of a route's schema: that it wants the operator token. */
export const operator = { security: [{ operatorToken: [] }] } as const
