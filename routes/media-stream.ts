import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

interface StreamQuery {
  call_id?: string | string[]
  token?: string | string[]
}

/** The carrier's media socket: a good token for a held call, checked before the upgrade, or nothing is opened. */
export async function mediaStreamRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { guard, metrics, registry, tokens } = options

  /** A good token is good from any address: a stranger's attempts from the same one must not keep a carrier out. */
  async function admit(request: FastifyRequest): Promise<void> {
    const callId = callIdOf(request)
    const refusal = tokens.redeem(tokenOf(request), callId)
    if (refusal === null && registry.find(callId)?.session) return
    if (await guard.blocked(request.ip)) {
      metrics.refused('media_rate_limit')
      throw new HttpError(
        429,
        'too_many_attempts',
        'Too many refused attempts from this address; try again in a minute.'
      )
    }
    await guard.refused(request.ip)
    metrics.refused('media_token')
    request.log.warn({ event: 'stream.refused', cause: refusal ?? 'unknown_call' }, 'Media stream refused')
    throw new HttpError(
      401,
      'invalid_stream_token',
      'Expected the media-stream token of this call, unused and at most 60 s old.'
    )
  }

  app.route({
    method: 'GET',
    url: '/media-stream-ws',
    preValidation: admit,
    handler: (_request, reply) => {
      void reply.status(426).send({ error: 'upgrade_required', message: 'Expected a WebSocket upgrade.' })
    },
    wsHandler: (socket, request) => {
      const held = registry.find(callIdOf(request))
      if (held?.session) held.session.attachMedia(options.attachMedia(socket, held))
      else socket.close(1008)
    }
  })
}

function callIdOf(request: FastifyRequest): string {
  return last((request.query as StreamQuery).call_id) ?? ''
}

/** Carriers deliver it as a header, in the address, or both; any one of them will do. */
function tokenOf(request: FastifyRequest): string | null {
  const header = last(request.headers['x-telnyx-streaming-auth-token'])
  return header || last((request.query as StreamQuery).token) || null
}

function last(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value.at(-1) : value) ?? null
}
