import helmet from '@fastify/helmet'
import websocket from '@fastify/websocket'
import { Ajv } from 'ajv'
import type { FastifyInstance } from 'fastify'
import { callEventRoutes } from './call-events.ts'
import { callRoutes } from './calls.ts'
import { healthRoutes } from './health.ts'
import { HttpError, sendError } from './http-error.ts'
import { mediaStreamRoutes } from './media-stream.ts'
import type { RouteOptions } from './route-options.ts'
import { telnyxWebhookRoutes } from './telnyx-webhook.ts'
import { testCallRoutes } from './test-calls.ts'
import { twilioRoutes } from './twilio.ts'
import { twilioMediaStreamRoutes } from './twilio-media-stream.ts'

/** Larger frames than this close the socket with 1009. */
const FRAME_LIMIT_BYTES = 64 * 1024

/** Every door of the server. */
export async function routes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  await app.register(helmet)
  await app.register(websocket, { options: { maxPayload: FRAME_LIMIT_BYTES, perMessageDeflate: false } })
  // Fastify's own compiler drops a misspelled field in silence; here it is an error that names the field.
  const ajv = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: false, allErrors: true })
  app.setValidatorCompiler(({ schema }) => ajv.compile(schema as object))
  app.setErrorHandler(sendError)
  app.setNotFoundHandler(() => {
    throw new HttpError(404, 'not_found', 'There is nothing at this path.')
  })
  await app.register(healthRoutes, options)
  await app.register(telnyxWebhookRoutes, options)
  await app.register(mediaStreamRoutes, options)
  await app.register(twilioRoutes, options)
  await app.register(twilioMediaStreamRoutes, options)
  await app.register(testCallRoutes, options)
  await app.register(callRoutes, options)
  await app.register(callEventRoutes, options)
}
