import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { PublishedCallEvent } from '../sessions/contracts/call-events.ts'
import { upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { createOperatorAdmission } from './operator-socket.ts'
import type { RouteOptions } from './route-options.ts'

/** A listener that has not taken this much is cut off, not buffered. */
const BACKLOG_LIMIT_BYTES = 1_000_000
/** RFC 6455: the peer violates a policy, here that of keeping up. */
const CLOSE_TOO_SLOW = 1008

/** Every event of every call, live, for the operator; `path` where it has a port of its own. */
export async function callEventRoutes(
  app: FastifyInstance,
  options: RouteOptions & { path?: string }
): Promise<void> {
  const { events } = options

  app.route({
    method: 'GET',
    url: options.path ?? '/call-events',
    schema: socketSchema('Every event of every call, with the operator token', 401, 429),
    preValidation: createOperatorAdmission(options),
    handler: upgradeRequired,
    wsHandler: (socket) => {
      const unsubscribe = events.subscribe((published) => {
        const message = describe(published)
        if (!message) return
        if (socket.bufferedAmount > BACKLOG_LIMIT_BYTES) socket.close(CLOSE_TOO_SLOW)
        else socket.send(JSON.stringify(message))
      })
      socket.on('close', unsubscribe)
      socket.on('error', () => socket.terminate())
    }
  })
}

/** Events that only the inside needs. */
const INTERNAL = new Set(['usage', 'call.heartbeat', 'stream.requested'])
/** Telnyx tells of these itself, under the same names; of any other call we do. */
const TOLD_BY_TELNYX = new Set(['call.initiated', 'call.answered'])

function describe({ call, at, event }: PublishedCallEvent): Record<string, unknown> | null {
  const who = { call_id: call.callId, call_control_id: call.carrierCallId, to: call.to, from: call.from }
  if (event.type === 'carrier.event') {
    const { name, eventId, occurredAt, payload } = event
    return {
      type: name,
      id: eventId,
      occurred_at: new Date(occurredAt).toISOString(),
      payload: { ...payload, ...who }
    }
  }
  if (INTERNAL.has(event.type)) return null
  if (call.carrier === 'telnyx' && TOLD_BY_TELNYX.has(event.type)) return null
  const { type, ...payload } = event
  return { type, id: randomUUID(), occurred_at: new Date(at).toISOString(), payload: { ...payload, ...who } }
}
