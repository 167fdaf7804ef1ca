import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Static, Type } from 'typebox'
import type { TwilioParams } from '../services/carriers/twilio/twilio-signature.ts'
import type { CallIdentity } from '../sessions/contracts/call-events.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** Twilio tells of a call's end when the call is over for us already. */
const REMEMBERED_CALLS = { max: 10_000, ttl: 10 * 60 * 1000 }
/** Of Twilio's `CallStatus`, those that no other follows. */
const FINAL_STATUSES = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled'])

const endSchema = Type.Object(
  {
    call_sid: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    call_control_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))
  },
  { additionalProperties: false, minProperties: 1 }
)

/** Twilio's webhooks, answered with what it is to do, and the operator's commands for calls of Twilio. */
export async function twilioRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { auth, calls, control, events, registry } = options
  const recent = new LRUCache<string, CallIdentity>(REMEMBERED_CALLS)
  await app.register(formbody)

  app.post('/api/calls/twilio/voice', async (request, reply) => {
    const { carrier } = configured(options)
    const params = verify(request, options)
    const carrierCallId = callSidOf(params)
    const ring = { carrierCallId, from: field(params, 'From'), to: field(params, 'To') }
    // A call that we placed is known; one that is not was forgotten, and nobody here would answer it.
    const ours = field(params, 'Direction')?.startsWith('outbound') === true
    const lost = ours && !registry.find(carrierCallId)
    const stream = lost
      ? null
      : await control.answerByReply(carrier, ring, (call) => {
          recent.set(carrierCallId, call)
          events.publish(call, carrierEvent(params, options.now()))
        })
    return reply.type('text/xml').send(stream ? carrier.answerReply(stream) : carrier.refuseReply())
  })

  app.post('/api/calls/twilio/status', async (request, reply) => {
    configured(options)
    const params = verify(request, options)
    const carrierCallId = callSidOf(params)
    const call = registry.find(carrierCallId)?.call ?? recent.get(carrierCallId)
    if (call) events.publish(call, carrierEvent(params, options.now()))
    if (FINAL_STATUSES.has(field(params, 'CallStatus') ?? '')) control.hungUp(carrierCallId)
    return reply.status(204).send()
  })

  app.post(
    '/api/calls/twilio/end',
    { onRequest: auth.require, schema: { body: endSchema } },
    async (request) => {
      const { carrier } = configured(options)
      const body = request.body as Static<typeof endSchema>
      const id = body.call_sid ?? body.call_control_id ?? ''
      const held = registry.find(id)
      if (held?.session) held.session.endAfterGoodbye('operator')
      else if (held) await carrier.hangUp(held.call.carrierCallId)
      else if (!(await calls.findCall(id)))
        throw new HttpError(404, 'unknown_call', 'There is no call with this id.')
      return { success: true }
    }
  )
}

function configured({ twilio }: RouteOptions): NonNullable<RouteOptions['twilio']> {
  if (twilio) return twilio
  throw new HttpError(
    503,
    'carrier_not_configured',
    'Twilio is not configured: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.'
  )
}

/** @throws HttpError 403 unless Twilio signed the request. */
function verify(request: FastifyRequest, options: RouteOptions): TwilioParams {
  const { signatures } = configured(options)
  const params = (request.body ?? {}) as TwilioParams
  const signature = request.headers['x-twilio-signature']
  if (signatures.isWebhook(request.url, params, String(signature ?? ''))) return params
  options.metrics.refused('webhook_signature')
  // Most often the number's webhook or the public address says something else than the other.
  const url = signatures.webhookUrl(request.url)
  request.log.warn(
    { event: 'webhook.refused', carrier: 'twilio', cause: 'signature', url },
    'Webhook refused: its signature is not that of this address'
  )
  throw new HttpError(403, 'invalid_signature', `Expected the X-Twilio-Signature of ${url}.`)
}

function callSidOf(params: TwilioParams): string {
  const callSid = field(params, 'CallSid')
  if (callSid) return callSid
  throw new HttpError(400, 'invalid_event', "Expected a webhook of Twilio's with CallSid.")
}

function field(params: TwilioParams, name: string): string | null {
  const value = params[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** A call has each status once, and Twilio gives its webhooks no id of their own. */
function carrierEvent(params: TwilioParams, now: number) {
  const status = field(params, 'CallStatus') ?? 'unknown'
  const occurredAt = Date.parse(field(params, 'Timestamp') ?? '')
  const duration = field(params, 'CallDuration')
  return {
    type: 'carrier.event',
    name: `call.${status}`,
    eventId: `${field(params, 'CallSid')}:${status}`,
    occurredAt: Number.isNaN(occurredAt) ? now : occurredAt,
    payload: { ...params, ...(duration !== null && { duration_seconds: Number(duration) }) }
  } as const
}
