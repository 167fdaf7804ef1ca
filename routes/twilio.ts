import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Static, Type } from 'typebox'
import type { TwilioParams } from '../services/carriers/twilio/twilio-signature.ts'
import type { Dial } from '../sessions/call-control.ts'
import type { AgentProfile } from '../sessions/contracts/agent-profile.ts'
import type { CallIdentity } from '../sessions/contracts/call-events.ts'
import { CallError } from '../sessions/errors.ts'
import { errors, operator, success } from './api-schemas.ts'
import { initiateBody, initiated } from './call-schemas.ts'
import { HttpError } from './http-error.ts'
import { findKnownCall } from './known-call.ts'
import { noteAction } from './operator-action.ts'
import { initiatedReply, placeCall } from './outbound-call.ts'
import type { RouteOptions } from './route-options.ts'
import { callSidOf, configured, field, UNREACHED, verify } from './twilio-webhook.ts'

/** Twilio tells of a call's end when the call is over for us already. */
const REMEMBERED_CALLS = { max: 10_000, ttl: 10 * 60 * 1000 }
const REMEMBERED_EVENTS = { ...REMEMBERED_CALLS, max: 50_000 }
/** Of Twilio's `CallStatus`, those that no other follows. */
const FINAL_STATUSES = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled'])

const tags = ['twilio']
const endBody = Type.Object(
  {
    call_sid: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    call_control_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))
  },
  { additionalProperties: false, minProperties: 1 }
)

const initiateSchema = {
  ...operator,
  tags,
  summary: 'Calls somebody through Twilio',
  body: initiateBody,
  response: { 200: initiated, ...errors(400, 401, 403, 404, 502, 503) }
}
const endSchema = {
  ...operator,
  tags,
  summary: 'Ends a call of Twilio; one that is over already is a success',
  body: endBody,
  response: { 200: success, ...errors(400, 401, 404, 502, 503) }
}
const voiceSchema = {
  tags,
  summary: 'Tells Twilio what to do with a call, signed by X-Twilio-Signature',
  response: { 200: Type.String({ description: 'TwiML' }), ...errors(400, 403, 503) }
}
const statusSchema = {
  tags,
  summary: "Takes Twilio's news of a call, signed by X-Twilio-Signature",
  response: { 204: Type.Null(), ...errors(400, 403, 503) }
}

const machineSchema = {
  tags,
  summary: 'Is told by Twilio who answered a call, a person or a machine, signed by X-Twilio-Signature',
  response: { 204: Type.Null(), ...errors(400, 403, 503) }
}

/** Twilio's webhooks, answered with what it is to do, and the operator's commands for calls of Twilio. */
export async function twilioRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { auth, calls, control, events, operations, registry } = options
  const recent = new LRUCache<string, CallIdentity>(REMEMBERED_CALLS)
  const told = new LRUCache<string, true>(REMEMBERED_EVENTS)
  await app.register(formbody)

  /** Tells of what Twilio tells, once. */
  function tell(call: CallIdentity, params: TwilioParams): void {
    const event = carrierEvent(params, options.now())
    if (told.has(event.eventId)) return
    told.set(event.eventId, true)
    events.publish(call, event)
  }

  app.post('/api/calls/twilio/voice', { schema: voiceSchema }, async (request, reply) => {
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
          tell(call, params)
        })
    return reply.type('text/xml').send(stream ? carrier.answerReply(stream) : carrier.refuseReply())
  })

  app.post('/api/calls/twilio/status', { schema: statusSchema }, async (request, reply) => {
    configured(options)
    const params = verify(request, options)
    const carrierCallId = callSidOf(params)
    const call = registry.find(carrierCallId)?.call ?? recent.get(carrierCallId)
    if (call) tell(call, params)
    const status = field(params, 'CallStatus') ?? ''
    if (Object.hasOwn(UNREACHED, status)) {
      control.hungUp(carrierCallId, 'carrier_failed', UNREACHED[status])
    } else if (FINAL_STATUSES.has(status)) control.hungUp(carrierCallId)
    return reply.status(204).send()
  })

  app.post('/api/calls/twilio/machine', { schema: machineSchema }, async (request, reply) => {
    configured(options)
    const params = verify(request, options)
    const answeredBy = field(params, 'AnsweredBy') ?? ''
    const { machines } = options
    if (answeredBy.startsWith('machine_end')) machines.greetingEnded(callSidOf(params))
    else if (answeredBy === 'machine_start' || answeredBy === 'fax') machines.detected(callSidOf(params))
    return reply.status(204).send()
  })

  app.post(
    '/api/calls/twilio/initiate',
    { onRequest: auth.require, schema: initiateSchema },
    async (request) => {
      const { carrier } = configured(options)
      const { to, from } = request.body as Static<typeof initiateBody>
      const dial =
        ({ machineDetection: detectMachine }: AgentProfile): Dial =>
        async () => ({ carrierCallId: await carrier.dial({ from, to, detectMachine }), stream: null })
      const call = await placeCall(options, carrier, request.body as Static<typeof initiateBody>, dial).catch(
        (error: unknown) => {
          throw toHttpError(error)
        }
      )
      recent.set(call.carrierCallId, call)
      return initiatedReply(call, `${options.mediaOrigin}/ws/twilio/${call.callId}`, options)
    }
  )

  app.post('/api/calls/twilio/end', { onRequest: auth.require, schema: endSchema }, async (request) => {
    configured(options)
    const body = request.body as Static<typeof endBody>
    const id = body.call_sid ?? body.call_control_id ?? ''
    noteAction(options, request, id, { action: 'end' })
    if (registry.find(id)) await operations.end(id)
    else await findKnownCall(options, () => calls.findCallRow(id))
    return { success: true }
  })
}

function toHttpError(error: unknown): unknown {
  if (!(error instanceof CallError) || error.code !== 'CARRIER_REFUSED') return error
  return new HttpError(
    502,
    'carrier_refused',
    `Twilio refused the call (${error.detail}); https://www.twilio.com/docs/api/errors says what that means.`
  )
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
