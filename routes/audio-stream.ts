import type { FastifyInstance, FastifyRequest } from 'fastify'
import { upgradeRequired } from './admission.ts'
import { socketSchema } from './api-schemas.ts'
import { listenEverywhere, readListening } from './frontend-audio.ts'
import { createMediaDoor } from './media-stream.ts'
import { createOperatorAdmission, operatorTokenOf } from './operator-socket.ts'
import type { RouteOptions } from './route-options.ts'

const GREETING = JSON.stringify({ version: '1.0.0', event: 'connected' })

/**
 * One address for carriers and listeners: who brings the token of a media stream gets the call, who brings the
 * operator's listens. `path` where it has a port of its own.
 */
export async function audioStreamRoutes(
  app: FastifyInstance,
  options: RouteOptions & { path?: string }
): Promise<void> {
  const door = createMediaDoor(options)
  const admitOperator = createOperatorAdmission(options)
  const isOperator = (request: FastifyRequest) => options.auth.accepts(operatorTokenOf(request))

  app.route({
    method: 'GET',
    url: options.path ?? '/audio-stream',
    schema: socketSchema('Media stream or live listening, by the token that is presented', 400, 401, 429),
    preValidation: async (request) => {
      if (!isOperator(request)) return door.admit(request)
      await admitOperator(request)
      readListening(request)
    },
    handler: upgradeRequired,
    wsHandler: (socket, request) => {
      if (!isOperator(request)) return door.open(socket, request)
      socket.send(GREETING)
      listenEverywhere(socket, readListening(request), options)
    }
  })
}
