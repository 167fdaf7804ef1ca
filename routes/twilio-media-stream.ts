import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { SocketLike } from '../services/carriers/socket-like.ts'
import type { HeldCall } from '../sessions/call-registry.ts'
import { assertNotBlocked, upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** RFC 6455: the peer violates a policy, here that of naming a call. */
const CLOSE_UNKNOWN_CALL = 1008
const UNKNOWN_CALL = JSON.stringify({ error: 'Connection failed', message: 'Call ID not found' })

/**
 * Twilio's media socket. A call of Twilio's is connected by Twilio, which signs the upgrade; a test call by whoever
 * has its token. Either way the token comes with `start`, and until it is good no call is told of the socket.
 */
export async function twilioMediaStreamRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { guard, metrics, registry, replicas, tokens } = options
  /** The replica that holds the call of a request, where it is not this one. */
  const elsewhere = new WeakMap<FastifyRequest, string>()

  async function admit(request: FastifyRequest): Promise<void> {
    const signature = request.headers['x-twilio-signature']
    const callId = callIdOf(request)
    const owner = registry.find(callId) ? null : await replicas?.owners.elsewhere(callId)
    if (owner) elsewhere.set(request, owner.replicaId)
    if (options.twilio?.signatures.isUpgrade(request.url, String(signature ?? ''))) return
    await assertNotBlocked(options, request, 'media_rate_limit')
    const carrier = registry.find(callId)?.call.carrier ?? owner?.carrier
    if (carrier === 'test') return
    await guard.refused(request.ip)
    // An unknown call is told so on the socket, as Twilio's clients expect.
    if (carrier === undefined) return
    metrics.refused('media_signature')
    // Without a query, in which a stranger may have put what no log should keep; Twilio sends none.
    const [path, query] = request.url.split('?', 2)
    const url = options.twilio?.signatures.upgradeUrl(path) ?? null
    request.log.warn(
      { event: 'stream.refused', carrier: 'twilio', cause: 'signature', url, hasQuery: query !== undefined },
      'Media stream refused: its signature is not that of this address'
    )
    throw new HttpError(403, 'invalid_signature', `Expected the X-Twilio-Signature of ${url}.`)
  }

  /** Whether the token of a stream's `start` is that of the call that its address names. */
  async function redeem(
    request: FastifyRequest | null,
    held: HeldCall,
    token: string | null
  ): Promise<boolean> {
    const refusal = await tokens.redeem(token, held.call.carrierCallId)
    if (refusal === null) return true
    if (request) void guard.refused(request.ip)
    metrics.refused('media_token')
    app.log.warn({ event: 'stream.refused', cause: refusal }, 'Media stream refused')
    return false
  }

  function open(socket: WebSocket, request: FastifyRequest): void {
    const owner = elsewhere.get(request)
    const callId = callIdOf(request)
    if (owner === undefined) connect(options.directSocket(socket, request.raw.socket), callId, request)
    else replicas?.sockets.handOver(socket, owner, 'twilio', encodeURIComponent(callId))
  }

  /** `request`: null where it came to another replica. */
  function connect(socket: SocketLike, callId: string, request: FastifyRequest | null): void {
    const held = registry.find(callId)
    const session = held?.session
    if (!held || !session) {
      socket.send(UNKNOWN_CALL)
      socket.close(CLOSE_UNKNOWN_CALL)
      return
    }
    const transport = options.attachTwilioMedia(socket, held, async ({ token }) => {
      const good = await redeem(request, held, token)
      if (good) session.attachMedia(transport)
      return good
    })
  }

  replicas?.sockets.accept('twilio', (socket, callId) => connect(socket, decodeURIComponent(callId), null))
  app.route({
    method: 'GET',
    url: '/ws/twilio/:call_id',
    schema: socketSchema("Twilio's media stream of a call, signed by Twilio", 403, 429),
    preValidation: admit,
    handler: upgradeRequired,
    wsHandler: open
  })
}

function callIdOf(request: FastifyRequest): string {
  return (request.params as { call_id: string }).call_id
}
