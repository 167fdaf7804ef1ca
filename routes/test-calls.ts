import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AudioFormat } from '../audio/format.ts'
import { CallError } from '../sessions/errors.ts'
import { errors, operator } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

const bodySchema = Type.Object(
  {
    carrier: Type.Optional(Type.Enum(['telnyx', 'twilio'])),
    codec: Type.Optional(Type.Enum(['PCMU', 'PCMA', 'L16'])),
    rate: Type.Optional(Type.Enum([8000, 16000, 24000])),
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))
  },
  { additionalProperties: false }
)

const schema = {
  ...operator,
  tags: ['calls'],
  summary: 'Opens a call with no carrier, for a phone of software',
  body: bodySchema,
  response: {
    200: Type.Object({ callId: Type.String(), streamUrl: Type.String(), streamToken: Type.String() }),
    ...errors(400, 401, 404, 503)
  }
}

/** A call with no carrier, for the command-line phone and the softphone: its media socket speaks a carrier's dialect. */
export async function testCallRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.post(
    '/api/calls/test',
    { onRequest: options.auth.require, preValidation: assumeBody, schema },
    async (request) => {
      const body = request.body as Static<typeof bodySchema>
      const carrier = body.carrier ?? 'telnyx'
      const format = formatOf(carrier, body.codec ?? 'PCMU', body.rate)
      const agentId = body.agentId ?? 'default'
      const profile = await options.agentById(agentId)
      if (!profile)
        throw new HttpError(404, 'unknown_agent', `There is no agent with the agentId ${agentId}.`)
      try {
        const call = options.control.openTestCall({
          profile,
          format
        })
        const origin =
          options.mediaOrigin ?? `${request.protocol === 'https' ? 'wss' : 'ws'}://${request.host}`
        return {
          callId: call.callId,
          streamUrl: `${origin}${PATHS[carrier]}${call.callId}`,
          streamToken: options.tokens.mint(call.callId)
        }
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== 'INVALID_STATE') throw error
        throw new HttpError(
          503,
          error.detail ?? 'unavailable',
          'No more calls are taken now; try again later.'
        )
      }
    }
  )
}

/** Of the media socket, but for the call's id. */
const PATHS = { telnyx: '/media-stream-ws?call_id=', twilio: '/ws/twilio/' } as const

/** Without a body, everything is as by default. */
async function assumeBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}

function formatOf(
  carrier: keyof typeof PATHS,
  codec: 'PCMU' | 'PCMA' | 'L16',
  rate: number | undefined
): AudioFormat {
  if (carrier === 'twilio' && codec !== 'PCMU')
    throw new HttpError(400, 'invalid_request', 'body/codec must be PCMU with the carrier twilio')
  if (codec === 'L16') return { encoding: 'pcm16', sampleRate: (rate ?? 24000) as AudioFormat['sampleRate'] }
  if (rate !== undefined && rate !== 8000) {
    throw new HttpError(400, 'invalid_request', `body/rate must be 8000 with the codec ${codec}`)
  }
  return { encoding: codec === 'PCMA' ? 'pcma' : 'pcmu', sampleRate: 8000 }
}
