import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import { type Static, Type } from 'typebox'
import { callId, e164, errors, nullable, operator, success } from './api-schemas.ts'
import { callDetails, callPage, muteBody } from './call-schemas.ts'
import { HttpError } from './http-error.ts'
import { findKnownCall } from './known-call.ts'
import { noteAction } from './operator-action.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['calls']
const idParams = Type.Object({ id: callId })
const listQuery = Type.Object({
  status: Type.Optional(Type.Enum(['live', 'ended'])),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  before: Type.Optional(Type.String({ maxLength: 200, description: 'the next of an earlier page' }))
})
const textBody = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false }
)
const transferBody = Type.Object({ to: e164 }, { additionalProperties: false })
const transferred = Type.Object({
  success: Type.Boolean({ description: 'whether the caller is with the other party' }),
  data: Type.Object({
    outcome: Type.Enum(['answered', 'busy', 'no_answer', 'rejected', 'failed', 'caller_hung_up'])
  }),
  message: nullable(Type.String())
})

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What the operator may read and do of calls. */
export async function callRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.addHook('onRequest', options.auth.require)
  readingRoutes(app, options)
  speakingRoutes(app, options)
  controlRoutes(app, options)
}

/** Without a body, everything is as by default. */
export async function assumeBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}

function readingRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { calls } = options
  const preHandler = requireStore(options)
  app.get(
    '/api/calls',
    {
      preHandler,
      schema: {
        ...operator,
        tags,
        summary: 'Lists calls, the newest first',
        querystring: listQuery,
        response: { 200: callPage, ...errors(400, 401, 503) }
      }
    },
    async (request) => {
      const { status, limit, before } = request.query as Static<typeof listQuery>
      if (before !== undefined && !UUID.test(before)) {
        throw new HttpError(400, 'invalid_request', 'querystring/before must be the next of an earlier page')
      }
      return calls.listCalls({
        status: (status ?? null) as 'live' | 'ended' | null,
        limit,
        before: before ?? null
      })
    }
  )

  app.get(
    '/api/calls/:id',
    {
      preHandler,
      schema: commandSchema('Tells everything of a call: turns, events, usage', {
        200: callDetails,
        ...errors(503)
      })
    },
    async (request) => {
      return findKnownCall(options, () => calls.findCall(idOf(request)))
    }
  )
}

function speakingRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { operations } = options
  app.post(
    '/api/calls/:id/say',
    { schema: { ...commandSchema('Has the caller hear this in the voice of the agent'), body: textBody } },
    async (request) => {
      const { text } = request.body as Static<typeof textBody>
      operations.say(idOf(request), text)
      noteAction(options, request, idOf(request), { action: 'say', text })
      return { success: true }
    }
  )

  app.post(
    '/api/calls/:id/whisper',
    { schema: { ...commandSchema('Tells only the model of the agent'), body: textBody } },
    async (request) => {
      const { text } = request.body as Static<typeof textBody>
      operations.whisper(idOf(request), text)
      noteAction(options, request, idOf(request), { action: 'whisper', text })
      return { success: true }
    }
  )

  for (const command of ['mute', 'unmute'] as const) {
    const summary =
      command === 'mute'
        ? 'Silences the agent, or the caller for the agent'
        : 'Lets a muted party be heard again'
    app.post(
      `/api/calls/:id/${command}`,
      { preValidation: assumeBody, schema: { ...commandSchema(summary), body: muteBody } },
      async (request) => {
        const party = ((request.body as Static<typeof muteBody>).party ?? 'agent') as 'agent' | 'caller'
        operations.mute(idOf(request), party, command === 'mute')
        noteAction(options, request, idOf(request), { action: command, party })
        return { success: true }
      }
    )
  }
}

function controlRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { calls, operations, registry } = options
  app.post(
    '/api/calls/:id/end',
    {
      schema: commandSchema(
        'Ends a call, after what the agent is saying; one that is over already is a success'
      )
    },
    async (request) => {
      const id = idOf(request)
      // Before, since nothing is told of a call after its end.
      noteAction(options, request, id, { action: 'end' })
      if (registry.find(id)) await operations.end(id)
      else await findKnownCall(options, () => calls.findCallRow(id))
      return { success: true }
    }
  )

  app.post(
    '/api/calls/:id/transfer',
    {
      schema: {
        ...commandSchema(
          'Hands the caller over to another number; replies when it is known what became of it',
          {
            200: transferred,
            ...errors(403, 409, 502, 503)
          }
        ),
        body: transferBody
      }
    },
    async (request) => {
      const { to } = request.body as Static<typeof transferBody>
      noteAction(options, request, idOf(request), { action: 'transfer', to })
      const outcome = await operations.transfer(idOf(request), to)
      const connected = outcome === 'answered'
      const message = connected ? null : 'The caller is with the agent again, unless they hung up.'
      return { success: connected, data: { outcome }, message }
    }
  )
}

function commandSchema(
  summary: string,
  replies: FastifySchema['response'] = { 200: success }
): FastifySchema {
  return {
    ...operator,
    tags,
    summary,
    params: idParams,
    response: { ...errors(400, 401, 404), ...(replies as Record<number, unknown>) }
  }
}

function idOf(request: FastifyRequest): string {
  return (request.params as Static<typeof idParams>).id
}
