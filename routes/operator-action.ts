import type { FastifyRequest } from 'fastify'
import type { OperatorAction } from '../sessions/contracts/call-events.ts'
import type { RouteOptions } from './route-options.ts'

const NAME_LIMIT = 60
const UNNAMED = 'operator'

/**
 * Notes on a call, for its record and for everybody who watches, what the operator did to it, and who that was: the
 * token is one for all, so it is the name that the console was given, if any, and the address. Nothing of a call that
 * is not here.
 */
export function noteAction(
  { registry, events }: Pick<RouteOptions, 'registry' | 'events'>,
  request: FastifyRequest,
  id: string,
  action: OperatorAction
): void {
  const held = registry.find(id)
  if (!held) return
  const by = operatorName(request)
  events.publish(held.call, { type: 'operator.action', ...action, by, address: request.ip })
}

/** As the console was given it, or `operator`. Percent-encoded, since a header takes no letter beyond Latin-1. */
export function operatorName(request: FastifyRequest): string {
  const header = request.headers['x-operator-name']
  if (typeof header !== 'string') return UNNAMED
  try {
    return decodeURIComponent(header).trim().slice(0, NAME_LIMIT) || UNNAMED
  } catch {
    return UNNAMED
  }
}
