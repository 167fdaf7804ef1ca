import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { TelnyxEvent } from '../services/carriers/telnyx/telnyx-webhooks.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** Telnyx delivers an event again within minutes, if at all. */
const REMEMBERED_EVENTS = { max: 50_000, ttl: 60 * 60 * 1000 }

/** Telnyx's events: checked, answered at once, then acted on; the same event only once, in whatever order they come. */
export async function telnyxWebhookRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const seen = new LRUCache<string, true>(REMEMBERED_EVENTS)

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
      act(event, options).catch((error: unknown) => {
        request.log.error(
          { event: 'webhook.failed', err: error, type: event.type },
          'A webhook could not be acted on'
        )
      })
    }
    return reply.send({ received: true })
  }

  app.post('/api/calls/telnyx/webhook', receive)
  app.post('/telnyx/webhook', receive)
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

async function act(event: TelnyxEvent, options: RouteOptions): Promise<void> {
  const { control, telnyx } = options
  const id = event.carrierCallId
  if (!telnyx || id === null) return
  if (event.type === 'call.initiated' && event.direction === 'inbound') {
    await control.ringing(telnyx.carrier, { carrierCallId: id, from: event.from, to: event.to }, (call) =>
      options.events.publish(call, carrierEvent(event))
    )
    return
  }
  const held = options.registry.find(id)
  if (held) options.events.publish(held.call, carrierEvent(event))
  if (event.type === 'call.answered') await control.answered(telnyx.carrier, id)
  if (event.type === 'call.hangup') control.hungUp(id)
  if (event.type === 'streaming.failed') control.streamFailed(id)
}

function carrierEvent({ type, id, occurredAt, payload }: TelnyxEvent) {
  return { type: 'carrier.event', name: type, eventId: id, occurredAt, payload } as const
}
