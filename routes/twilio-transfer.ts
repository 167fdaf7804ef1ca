import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { errors } from './api-schemas.ts'
import type { RouteOptions } from './route-options.ts'
import { callSidOf, configured, field, UNREACHED, verify } from './twilio-webhook.ts'

const tags = ['twilio']
const query = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100, description: 'of the transfer' })
})
const answeredSchema = {
  tags,
  summary: 'Is told by Twilio that the other party of a transfer has answered, signed by X-Twilio-Signature',
  querystring: query,
  response: { 204: Type.Null(), ...errors(400, 403, 503) }
}
const endedSchema = {
  tags,
  summary: 'Tells Twilio what to do with the caller after a transfer, signed by X-Twilio-Signature',
  querystring: query,
  response: { 200: Type.String({ description: 'TwiML' }), ...errors(400, 403, 503) }
}
/** `DialCallStatus` of a party who did answer. */
const ANSWERED = new Set(['completed', 'answered'])

/** What Twilio tells of transfers: a caller whom nobody takes is connected to the agent again by the reply. */
export async function twilioTransferRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { control, registry, transfers } = options
  await app.register(formbody)

  app.post('/api/calls/twilio/transfer/answered', { schema: answeredSchema }, async (request, reply) => {
    const legSid = callSidOf(verify(request, options))
    transfers.legRings(idOf(request), legSid)
    transfers.connected(idOf(request))
    return reply.status(204).send()
  })

  app.post('/api/calls/twilio/transfer/ended', { schema: endedSchema }, async (request, reply) => {
    const { carrier } = configured(options)
    const params = verify(request, options)
    const callSid = callSidOf(params)
    const status = field(params, 'DialCallStatus') ?? 'failed'
    const twiml = reply.type('text/xml')
    if (ANSWERED.has(status)) {
      transfers.connected(idOf(request))
      return twiml.send(carrier.hangUpReply())
    }
    // Twilio asks this also for a caller who has gone, and a number without a status callback tells it nowhere else.
    if (field(params, 'CallStatus') === 'completed') {
      transfers.legEnded(idOf(request), 'caller_hung_up')
      control.hungUp(callSid)
      return twiml.send(carrier.hangUpReply())
    }
    const held = registry.find(callSid)
    const stream = held?.session?.phase === 'live' ? control.newStream(held) : null
    transfers.legEnded(idOf(request), UNREACHED[status] ?? 'failed', { streamComes: stream !== null })
    return twiml.send(stream ? carrier.answerReply(stream) : carrier.hangUpReply())
  })
}

function idOf(request: FastifyRequest): string {
  return (request.query as Static<typeof query>).id
}
