import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { Type } from 'typebox'
import type { TelnyxEvent } from '../services/carriers/telnyx/telnyx-webhooks.ts'
import type { CallIdentity } from '../sessions/contracts/call-events.ts'
import { errors } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** Telnyx delivers an event again within minutes, if at all. */
const REMEMBERED_EVENTS = { max: 50_000, ttl: 60 * 60 * 1000 }

/** Its hangup, and what else it tells of a call, may come when the call is over for us already. */
const REMEMBERED_CALLS = { max: 20_000, ttl: 24 * 60 * 60 * 1000 }

/** A hangup that overtakes the ring of its call does so by moments. */
const REMEMBERED_HANGUPS = { max: 1000, ttl: 60 * 1000 }

/** What is remembered of calls, by Telnyx's id. */
interface Memory {
  readonly known: LRUCache<string, KnownCall>
  /** Hangups of calls whose ring has not come yet. */
  readonly early: LRUCache<string, TelnyxEvent>
}

interface KnownCall {
  readonly call: CallIdentity
  /** Telnyx's `call_session_id`. */
  readonly sessionId: string | null
  /** By Telnyx's clock; null until it has told. */
  answeredAt: number | null
}

/** Telnyx's events: checked, answered at once, then acted on; the same event only once, in whatever order they come. */
export async function telnyxWebhookRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const seen = new LRUCache<string, true>(REMEMBERED_EVENTS)
  const memory: Memory = {
    known: new LRUCache<string, KnownCall>(REMEMBERED_CALLS),
    early: new LRUCache<string, TelnyxEvent>(REMEMBERED_HANGUPS)
  }

  // The signature is over the raw bytes of the body, whatever it says it is.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!options.telnyx) {
      throw new HttpError(503, 'carrier_not_configured', 'Telnyx is not configured: set TELNYX_API_KEY.')
    }
    const event = await verify(request, options)
    if (!seen.has(event.id)) {
      seen.set(event.id, true)
      act(event, memory, options).catch((error: unknown) => {
        request.log.error(
          { event: 'webhook.failed', err: error, type: event.type },
          'A webhook could not be acted on'
        )
      })
    }
    return reply.send({ received: true })
  }

  const received = Type.Object({ received: Type.Literal(true) })
  const schema = {
    tags: ['telnyx'],
    summary: "Takes Telnyx's events, signed by telnyx-signature-ed25519",
    response: { 200: received, ...errors(400, 403, 503) }
  }
  app.post('/api/calls/telnyx/webhook', { schema }, receive)
  app.post('/telnyx/webhook', { schema }, receive)
}

async function verify(request: FastifyRequest, { telnyx, metrics }: RouteOptions): Promise<TelnyxEvent> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value ?? '')])
  )
  const body = typeof request.body === 'string' ? request.body : ''
  try {
    const event = await telnyx?.webhooks.unwrap(body, headers)
    if (event) return event
  } catch {
    throw new HttpError(
      400,
      'invalid_event',
      'Expected a Telnyx event: JSON with data.id and data.event_type.'
    )
  }
  metrics.refused('webhook_signature')
  request.log.warn({ event: 'webhook.refused', carrier: 'telnyx', cause: 'signature' }, 'Webhook refused')
  throw new HttpError(
    403,
    'invalid_signature',
    'Expected a valid telnyx-signature-ed25519 over telnyx-timestamp and the body, at most 300 s old.'
  )
}

async function act(event: TelnyxEvent, memory: Memory, options: RouteOptions): Promise<void> {
  const { control, registry, telnyx } = options
  const { known } = memory
  const id = event.carrierCallId
  if (!telnyx || id === null) return
  const state = event.clientState
  // A dial's reply may come after the first webhooks of the call.
  if (state && 'callId' in state) control.dialled(state.callId, id)
  const transferId = transferOf(event, id, known, options)
  if (transferId !== null) {
    actOnLeg(event, id, transferId, options)
    return
  }
  if (event.type === 'call.initiated' && event.direction === 'inbound') {
    await ring(event, id, memory, options)
    return
  }
  publish(event, id, known, options)
  // A machine is told of after the answer, whichever comes first here.
  if (event.type === 'call.answered' || event.machine) await control.answered(telnyx.carrier, id)
  if (event.machine === 'detected') options.machines.detected(id)
  if (event.machine === 'greeting_ended') options.machines.greetingEnded(id)
  if (event.type === 'streaming.failed') control.streamFailed(id)
  if (event.type === 'call.bridged') connectCaller(id, options)
  if (event.hangup === null) return
  if (!known.has(id)) memory.early.set(id, event)
  const outbound = registry.find(id)?.call.direction === 'outbound'
  if (outbound && event.hangup !== 'caller_hung_up') control.hungUp(id, 'carrier_failed', event.hangup)
  else control.hungUp(id)
}

async function ring(
  event: TelnyxEvent,
  carrierCallId: string,
  { known, early }: Memory,
  { control, events, replicas, telnyx }: RouteOptions
): Promise<void> {
  if (!telnyx) return
  // The same event may have come to another replica, too.
  const ours = await replicas?.link.claim(`event:${event.id}`, REMEMBERED_EVENTS.ttl).catch(() => true)
  if (ours === false) return
  const { from, to } = event
  await control.ringing(telnyx.carrier, { carrierCallId, from, to }, (call) => {
    known.set(carrierCallId, { call, sessionId: event.sessionId, answeredAt: null })
    events.publish(call, carrierEvent(event, null))
    const hangup = early.get(carrierCallId)
    if (!hangup) return
    events.publish(call, carrierEvent(hangup, null))
    control.hungUp(carrierCallId)
  })
}

/** The transfer whose leg this is: by what we gave it on its way, or as the other leg of a call being transferred. */
function transferOf(
  { clientState, sessionId }: TelnyxEvent,
  carrierCallId: string,
  known: LRUCache<string, KnownCall>,
  { registry, transfers }: RouteOptions
): string | null {
  if (clientState && 'transferId' in clientState) return clientState.transferId
  if (sessionId === null || known.has(carrierCallId) || registry.find(carrierCallId)) return null
  return transfers.idWhere((call) => known.get(call.carrierCallId)?.sessionId === sessionId)
}

function actOnLeg(event: TelnyxEvent, legId: string, transferId: string, { transfers }: RouteOptions): void {
  transfers.legRings(transferId, legId)
  if (event.type === 'call.answered' || event.type === 'call.bridged') transfers.connected(transferId)
  if (event.hangup !== null) transfers.legEnded(transferId, event.hangup)
}

function connectCaller(carrierCallId: string, { transfers }: RouteOptions): void {
  const transferId = transfers.idWhere((call) => call.carrierCallId === carrierCallId)
  if (transferId !== null) transfers.connected(transferId)
}

function publish(
  event: TelnyxEvent,
  carrierCallId: string,
  known: LRUCache<string, KnownCall>,
  { registry, events }: RouteOptions
): void {
  const held = registry.find(carrierCallId)
  if (held && !known.has(carrierCallId)) {
    known.set(carrierCallId, { call: held.call, sessionId: event.sessionId, answeredAt: null })
  }
  const found = known.get(carrierCallId)
  if (!found) return
  if (event.type === 'call.answered') found.answeredAt = event.occurredAt
  events.publish(found.call, carrierEvent(event, found.answeredAt))
}

/** Telnyx's own fields; a hangup also tells how long the call lasted, from its answer on. */
function carrierEvent({ type, id, occurredAt, payload }: TelnyxEvent, answeredAt: number | null) {
  const durationMs = answeredAt === null ? 0 : Math.max(0, occurredAt - answeredAt)
  const duration = type === 'call.hangup' ? { duration_seconds: durationMs / 1000 } : {}
  return {
    type: 'carrier.event',
    name: type,
    eventId: id,
    occurredAt,
    payload: { ...duration, ...payload }
  } as const
}
