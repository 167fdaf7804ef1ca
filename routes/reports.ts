import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { errors, instant, nullable, operator, pageOf } from './api-schemas.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'
import { spanFields, spanOf } from './time-span.ts'

const tags = ['usage']
const latencyQuery = Type.Object({
  ...spanFields,
  group: Type.Enum(['hour', 'day'], { default: 'hour' })
})
const latency = Type.Object({
  at: { ...instant, description: 'beginning of the hour or day, in UTC' },
  turns: Type.Integer(),
  p50_response_ms: Type.Number({ description: "caller's last speech to the first of the reply played" }),
  p95_response_ms: Type.Number(),
  p99_response_ms: Type.Number()
})
const ending = Type.Object({
  end_reason: Type.String(),
  end_detail: nullable(Type.String({ description: "busy, no_answer, machine, a carrier's error code, …" })),
  status: Type.Enum(['ended', 'failed']),
  direction: Type.Enum(['inbound', 'outbound']),
  calls: Type.Integer()
})

type SpanQuery = { from?: string; to?: string }

/** How well calls went, over all of them. */
export async function reportRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))

  app.get(
    '/api/latency',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Tells how fast callers were answered, by hour or day',
        querystring: latencyQuery,
        response: { 200: pageOf(latency), ...errors(400, 401, 503) }
      }
    },
    async (request) => {
      const { group, ...span } = request.query as SpanQuery & { group: 'hour' | 'day' }
      return { data: await options.report.latency(group, spanOf(span)), next: null }
    }
  )

  app.get(
    '/api/endings',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Counts calls by how they ended, those refused and failed among them',
        querystring: Type.Object(spanFields),
        response: { 200: pageOf(ending), ...errors(400, 401, 503) }
      }
    },
    async (request) => ({
      data: await options.report.endings(spanOf(request.query as SpanQuery)),
      next: null
    })
  )
}
