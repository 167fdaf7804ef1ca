import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { AudioTrack } from '../sessions/audio-taps.ts'
import { upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { ListeningRequest } from './live-audio.ts'
import { noteAction } from './operator-action.ts'
import { createOperatorAdmission } from './operator-socket.ts'
import type { RouteOptions } from './route-options.ts'

const TRACKS: Readonly<Record<string, readonly AudioTrack[]>> = {
  inbound: ['inbound'],
  outbound: ['outbound'],
  both: ['inbound', 'outbound']
}

/** Live listening for the operator; `path` where it has a port of its own. */
export async function frontendAudioRoutes(
  app: FastifyInstance,
  options: RouteOptions & { path?: string }
): Promise<void> {
  const admitOperator = createOperatorAdmission(options)
  const { liveAudio, replicas } = options
  replicas?.sockets.accept('listen', (socket, subject) =>
    liveAudio.listen(socket, JSON.parse(decodeURIComponent(subject)), { greet: false })
  )
  app.route({
    method: 'GET',
    url: options.path ?? '/frontend-audio',
    schema: socketSchema('Live listening, with the operator token', 400, 401, 429),
    preValidation: async (request) => {
      await admitOperator(request)
      readListening(request)
    },
    handler: upgradeRequired,
    wsHandler: (socket, request) => {
      const listening = readListening(request)
      const { callId, tracks } = listening
      if (callId !== null) noteAction(options, request, callId, { action: 'listen', tracks })
      listenEverywhere(socket, listening, options)
    }
  })
}

/** To the calls of this replica, and by way of the others to theirs. */
export function listenEverywhere(
  socket: WebSocket,
  listening: ListeningRequest,
  { liveAudio, replicas }: RouteOptions
): void {
  liveAudio.listen(socket, listening)
  const subject = encodeURIComponent(JSON.stringify(listening))
  replicas?.sockets.handOver(socket, null, 'listen', subject)
}

/** @throws HttpError 400 of a track that there is not. */
export function readListening(request: FastifyRequest): ListeningRequest {
  const query = request.query as Record<string, string | string[] | undefined>
  const track = String(query.track ?? 'inbound')
  if (!Object.hasOwn(TRACKS, track)) {
    throw new HttpError(400, 'invalid_request', 'querystring/track must be one of inbound, outbound, both')
  }
  return { callId: query.call_id ? String(query.call_id) : null, tracks: TRACKS[track] }
}
