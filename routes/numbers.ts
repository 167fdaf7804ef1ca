import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { unknownAgent } from './agents.ts'
import { agentId, e164, errors, instant, operator, pageOf } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['agents']
const params = Type.Object({ e164 })
const body = Type.Object({ agentId }, { additionalProperties: false })
const number = Type.Object({ e164: Type.String(), agent_id: Type.String(), updated_at: instant })

/** Which numbers an agent answers. */
export async function numberRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { agents } = options
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))

  app.get(
    '/api/numbers',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Lists the numbers that are answered by an agent of their own',
        response: { 200: pageOf(number), ...errors(401, 503) }
      }
    },
    async () => ({ data: await agents.listNumbers(), next: null })
  )

  app.put(
    '/api/numbers/:e164',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Has an agent answer a number',
        params,
        body,
        response: { 200: number, ...errors(400, 401, 404, 503) }
      }
    },
    async (request) => {
      const { e164 } = request.params as Static<typeof params>
      const { agentId } = request.body as Static<typeof body>
      return (await agents.assignNumber(e164, agentId)) ?? unknownAgent(agentId)
    }
  )

  app.delete(
    '/api/numbers/:e164',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Has the default agent answer a number again',
        params,
        response: { 204: Type.Null(), ...errors(400, 401, 404, 503) }
      }
    },
    async (request, reply) => {
      const { e164 } = request.params as Static<typeof params>
      if (!(await agents.releaseNumber(e164)))
        throw new HttpError(404, 'unknown_number', `No agent is set for ${e164}.`)
      return reply.status(204).send()
    }
  )
}
