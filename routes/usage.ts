import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { UsageGroup } from '../services/store/usage-report.ts'
import { errors, nullable, operator, pageOf } from './api-schemas.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'
import { spanFields, spanOf } from './time-span.ts'

const query = Type.Object({
  ...spanFields,
  group: Type.Enum(['day', 'month', 'agent', 'number'], { default: 'day' }),
  format: Type.Enum(['json', 'csv'], { default: 'json' })
})
const row = Type.Object({
  day: Type.Optional(Type.String()),
  month: Type.Optional(Type.String()),
  agent_id: Type.Optional(Type.String()),
  number: Type.Optional(nullable(Type.String())),
  calls: Type.Integer(),
  minutes: Type.Number({ description: 'of each call those that were begun, or as USAGE_ROUNDING says' }),
  seconds: Type.Number(),
  cost_usd: nullable(Type.Number({ description: 'null where no price is known' })),
  unpriced_items: Type.Integer({ description: 'what cost_usd leaves out' })
})

const reply = {
  description: 'by the key of the group, in its order',
  content: {
    'application/json': { schema: pageOf(row) },
    'text/csv': { schema: Type.String({ description: 'RFC 4180, with a header' }) }
  }
}

/** Minutes and money, as JSON or for a spreadsheet. */
export async function usageRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.get(
    '/api/usage',
    {
      onRequest: options.auth.require,
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags: ['usage'],
        summary: 'Adds up minutes and cost by day, month, agent or number',
        querystring: query,
        response: { 200: reply, ...errors(400, 401, 503) }
      }
    },
    async (request, reply) => {
      const { group, format, ...span } = request.query as {
        from?: string
        to?: string
        group: UsageGroup
        format: 'json' | 'csv'
      }
      const rows = await options.usage.read(group, spanOf(span))
      if (format === 'json') return { data: rows, next: null }
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="usage-by-${group}.csv"`)
        .send(options.usage.csv(group, rows))
    }
  )
}
