import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** @throws HttpError 429 where this address was refused too often lately; counted under `reason`. */
export async function assertNotBlocked(
  { guard, metrics }: Pick<RouteOptions, 'guard' | 'metrics'>,
  request: FastifyRequest,
  reason: string
): Promise<void> {
  if (!(await guard.blocked(request.ip))) return
  metrics.refused(reason)
  throw new HttpError(
    429,
    'too_many_attempts',
    'Too many refused attempts from this address; try again in a minute.'
  )
}

/** The answer to a plain request for a WebSocket. */
export function upgradeRequired(_request: FastifyRequest, reply: FastifyReply): void {
  void reply.status(426).send({ error: 'upgrade_required', message: 'Expected a WebSocket upgrade.' })
}
