import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { errors, instant, nullable, operator, pageOf, success, uuid } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['webhooks']
const listQuery = Type.Object({
  call_id: Type.Optional(uuid),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  before: Type.Optional(Type.Unsafe<string>({ ...uuid, description: 'the next of an earlier page' }))
})
const idParams = Type.Object({ id: uuid })

const delivery = Type.Object(
  {
    id: uuid,
    event_id: Type.String({ description: 'the header webhook-id: the same for every attempt' }),
    type: Type.Literal('call.ended'),
    call_id: uuid,
    url: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    replay: Type.Boolean({ description: 'whether the operator asked for it' }),
    delivered: Type.Boolean(),
    status_code: nullable(Type.Integer()),
    error: nullable(Type.String({ description: 'why there was no answer: timeout, ECONNREFUSED, …' })),
    duration_ms: Type.Number(),
    attempted_at: instant
  },
  { title: 'WebhookDelivery' }
)

/** What webhooks were told, and whether they took it. */
export async function webhookDeliveryRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { followUp } = options
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))

  app.get(
    '/api/webhooks/deliveries',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Lists the attempts to tell webhooks of calls, the newest first',
        querystring: listQuery,
        response: { 200: pageOf(delivery), ...errors(400, 401, 503) }
      }
    },
    async (request) => {
      const { call_id, limit, before } = request.query as Static<typeof listQuery>
      return followUp.deliveries.list({ callId: call_id ?? null, limit, before: before ?? null })
    }
  )

  app.post(
    '/api/webhooks/deliveries/:id/replay',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Tells the same once more, as the call is known now, to the address that holds now',
        params: idParams,
        response: { 202: success, ...errors(400, 401, 404, 503) }
      }
    },
    async (request, reply) => {
      const found = await followUp.deliveries.find((request.params as Static<typeof idParams>).id)
      if (!found) throw new HttpError(404, 'unknown_delivery', 'There is no delivery with this id.')
      if (!followUp.replay)
        throw new HttpError(503, 'not_configured', 'CALL_WEBHOOK_SECRET is not set: nothing can be signed.')
      await followUp.replay({ id: found.id, callId: found.call_id })
      return reply.status(202).send({ success: true })
    }
  )
}
