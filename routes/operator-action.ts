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

/**
 * As the console was given it, or `operator`. In the header, percent-encoded, since that takes no letter beyond Latin-1;
 * or in the address, as `operator=`, which is all that a browser's WebSocket can send.
 */
export function operatorName(request: FastifyRequest): string {
  const header = request.headers['x-operator-name']
  const { operator } = request.query as { operator?: unknown }
  const given = typeof header === 'string' ? decoded(header) : operator
  return (typeof given === 'string' && given.trim().slice(0, NAME_LIMIT)) || UNNAMED
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header)
  } catch {
    return ''
  }
}
