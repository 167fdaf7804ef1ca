import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { SocketLike } from '../services/carriers/socket-like.ts'
import type { HeldCall } from '../sessions/call-registry.ts'
import { assertNotBlocked, upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { EarlySocket } from './early-socket.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

interface StreamQuery {
  call_id?: string | string[]
  token?: string | string[]
}

/** The carrier's media socket: a good token for a held call, checked before the upgrade, or nothing is opened. */
export async function mediaStreamRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const door = createMediaDoor(options)
  options.replicas?.sockets.accept('telnyx', (socket, callId) =>
    door.connect(socket, decodeURIComponent(callId))
  )
  app.route({
    method: 'GET',
    url: '/media-stream-ws',
    schema: socketSchema("Telnyx's media stream of a call, with the token of that call", 401, 429),
    preValidation: door.admit,
    handler: upgradeRequired,
    wsHandler: door.open
  })
}

export interface MediaDoor {
  /** @throws HttpError 401 or 429 unless the request has the token of a call that waits for its media. */
  admit(request: FastifyRequest): Promise<void>
  /** Hands the socket of an admitted request to its call. */
  open(socket: WebSocket, request: FastifyRequest): void
  /** Hands the socket of a request that was admitted, here or by another replica, to a call that is held here. */
  connect(socket: SocketLike, callId: string): void
}

export function createMediaDoor(options: RouteOptions): MediaDoor {
  const { guard, metrics, registry, replicas, tokens } = options
  /** The replica that holds the call of an admitted request, where it is not this one. */
  const elsewhere = new WeakMap<FastifyRequest, string>()

  /** A good token is good from any address: a stranger's attempts from the same one must not keep a carrier out. */
  async function admit(request: FastifyRequest): Promise<void> {
    const callId = callIdOf(request)
    const refusal = await tokens.redeem(tokenOf(request), callId)
    if (refusal === null && awaitsMedia(registry.find(callId))) return
    const owner = refusal === null ? await replicas?.owners.elsewhere(callId) : null
    if (owner) {
      elsewhere.set(request, owner.replicaId)
      return
    }
    await assertNotBlocked(options, request, 'media_rate_limit')
    await guard.refused(request.ip)
    metrics.refused('media_token')
    request.log.warn({ event: 'stream.refused', cause: refusal ?? 'unknown_call' }, 'Media stream refused')
    throw new HttpError(
      401,
      'invalid_stream_token',
      'Expected the media-stream token of this call, unused and at most 60 s old.'
    )
  }

  function open(socket: WebSocket, request: FastifyRequest): void {
    const owner = elsewhere.get(request)
    const callId = callIdOf(request)
    if (owner === undefined) connect(options.directSocket(socket, request.raw.socket), callId)
    else replicas?.sockets.handOver(socket, owner, 'telnyx', encodeURIComponent(callId))
  }

  function connect(socket: SocketLike, callId: string): void {
    const held = registry.find(callId)
    if (held?.session) held.session.attachMedia(options.attachMedia(socket, held))
    else if (held && awaitsMedia(held)) {
      const early = new EarlySocket(socket, (waiting) => options.attachMedia(waiting, held))
      options.control.holdMedia(held, early)
    } else socket.close(1008)
  }

  return { admit, open, connect }
}

/** A dialled call's stream may be there before the carrier tells of the answer. */
function awaitsMedia(held: HeldCall | null): boolean {
  return held !== null && (held.session !== null || held.call.direction === 'outbound')
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
