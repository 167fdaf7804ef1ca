import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { RouteOptions } from './route-options.ts'

/** Health for platforms, numbers for people, Prometheus for the operator. */
export async function healthRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { registry, metrics, auth, now } = options
  const startedAt = now()
  const instanceId = randomUUID()

  app.get('/health', async (_request, reply) => {
    if (registry.draining) return reply.status(503).send({ status: 'draining' })
    return { status: 'ok', liveCalls: registry.size }
  })

  app.get('/health/metrics', async () => ({
    activeConnections: registry.sessions.filter(({ connected }) => connected).length,
    liveCalls: registry.size,
    uptimeSeconds: Math.round((now() - startedAt) / 1000),
    draining: registry.draining,
    // By which `npm run doctor` knows this server behind its public address.
    instanceId
  }))

  app.get('/metrics', { onRequest: auth.require }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.render())
  })
}
