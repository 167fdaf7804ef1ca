import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { PublishedCallEvent } from '../sessions/contracts/call-events.ts'
import { upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { liveCall, liveCalls } from './live-board.ts'
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
    wsHandler: (socket, request) => {
      const leave = () => {
        unsubscribe()
        unwatch()
        unjoin?.()
      }
      const tell = (message: object) => {
        if (socket.bufferedAmount <= BACKLOG_LIMIT_BYTES) {
          socket.send(JSON.stringify(message))
          return
        }
        leave()
        socket.close(CLOSE_TOO_SLOW, 'too_slow')
      }
      const unsubscribe = events.subscribe((published) => {
        const message = describe(published)
        if (message) tell(message)
      })
      const unjoin = options.replicas?.mesh.on('event', ({ body }) => tell(JSON.parse(body)))
      const unwatch = watchLive(socket, request, tell, options)
      socket.on('close', leave)
      socket.on('error', () => socket.terminate())
    }
  })
}

/**
 * What a wall of live calls wants besides: with `live=1` every call that is live, at once and as it begins, and for as
 * long as the listener last sent `{"levels":true}` how loud they are. Returns the function that ends it.
 */
function watchLive(
  socket: WebSocket,
  request: FastifyRequest,
  tell: (message: object) => void,
  { events, levels, now, registry }: RouteOptions
): () => void {
  if ((request.query as { live?: unknown }).live !== '1') return () => {}
  const message = (type: string, payload: object) =>
    tell({ type, id: randomUUID(), occurred_at: new Date(now()).toISOString(), payload })
  let stopLevels: (() => void) | null = null
  message('live.calls', { calls: liveCalls(registry) })
  const unsubscribe = events.subscribe(({ call, event }) => {
    if (!BEGINNINGS.has(event.type)) return
    const held = registry.find(call.callId)
    if (held) message('live.call', liveCall(held))
  })
  socket.on('message', (data) => {
    const wanted = wantsLevels(String(data))
    if (wanted) stopLevels ??= levels.watch((calls) => message('levels', { calls }))
    if (wanted !== false) return
    stopLevels?.()
    stopLevels = null
  })
  return () => {
    unsubscribe()
    stopLevels?.()
  }
}

/** null where the listener says nothing of it. */
function wantsLevels(text: string): boolean | null {
  try {
    const { levels } = Object(JSON.parse(text))
    return typeof levels === 'boolean' ? levels : null
  } catch {
    return null
  }
}

/** After which of its events a call is there to be shown, or shown otherwise. */
const BEGINNINGS = new Set(['call.initiated', 'call.answered', 'stream.connected'])

/** Events that only the inside needs. */
const INTERNAL = new Set(['usage', 'call.heartbeat', 'stream.requested'])
/** Telnyx tells of these itself, under the same names; of any other call we do. */
const TOLD_BY_TELNYX = new Set(['call.initiated', 'call.answered'])

/** An event as listeners are told of it; null of what only the inside needs. */
export function describe({ call, at, event }: PublishedCallEvent): Record<string, unknown> | null {
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
