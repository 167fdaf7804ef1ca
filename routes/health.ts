import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { errors, operator } from './api-schemas.ts'
import type { RouteOptions } from './route-options.ts'

const tags = ['health']
const ok = Type.Object({
  status: Type.Literal('ok'),
  liveCalls: Type.Integer(),
  store: Type.Enum(['ok', 'behind', 'down'], {
    description:
      'whether records of calls reach the database; calls are taken in any case, and records wait on disk'
  }),
  storePending: Type.Integer({ description: 'records that wait to be stored' })
})
const draining = Type.Object({ status: Type.Literal('draining') })
const figures = Type.Object({
  activeConnections: Type.Integer(),
  liveCalls: Type.Integer(),
  uptimeSeconds: Type.Integer(),
  draining: Type.Boolean(),
  instanceId: Type.String()
})
const exposition = Type.String({ description: "Prometheus' text format" })

/** Health for platforms, numbers for people, Prometheus for the operator. */
export async function healthRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { registry, metrics, auth, now, storeHealth } = options
  const startedAt = now()
  const instanceId = randomUUID()

  const schema = { tags, summary: 'Whether calls are taken', response: { 200: ok, 503: draining } }
  app.get('/health', { schema }, async (_request, reply) => {
    if (registry.draining) return reply.status(503).send({ status: 'draining' })
    const { state, pending } = storeHealth()
    return { status: 'ok', liveCalls: registry.size, store: state, storePending: pending }
  })

  const metricsSchema = { tags, summary: 'How much is going on', response: { 200: figures } }
  app.get('/health/metrics', { schema: metricsSchema }, async () => ({
    activeConnections: registry.sessions.filter(({ connected }) => connected).length,
    liveCalls: registry.size,
    uptimeSeconds: Math.round((now() - startedAt) / 1000),
    draining: registry.draining,
    // By which `npm run doctor` knows this server behind its public address.
    instanceId
  }))

  const prometheusSchema = {
    ...operator,
    tags,
    summary: 'Figures for Prometheus',
    response: { 200: exposition, ...errors(401) }
  }
  app.get('/metrics', { onRequest: auth.require, schema: prometheusSchema }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.render())
  })
}
