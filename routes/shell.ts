import helmet from '@fastify/helmet'
import websocket from '@fastify/websocket'
import { Ajv } from 'ajv'
import type { FastifyError, FastifyInstance } from 'fastify'
import { CallError } from '../sessions/errors.ts'
import { callHttpError } from './call-error.ts'
import { HttpError, sendError } from './http-error.ts'

/** Larger frames than this close the socket with 1009. */
const FRAME_LIMIT_BYTES = 64 * 1024

/** What every port has in common: WebSockets, checked input, and errors in the one shape. */
export async function registerShell(app: FastifyInstance): Promise<void> {
  await app.register(helmet)
  await app.register(websocket, { options: { maxPayload: FRAME_LIMIT_BYTES, perMessageDeflate: false } })
  // Fastify's own compiler drops a misspelled field in silence; here it is an error that names the field.
  const rules = { useDefaults: true, removeAdditional: false, allErrors: true }
  // An address is all text, so its numbers have to be read; in JSON a 0 is a 0, and no null.
  const address = new Ajv({ ...rules, coerceTypes: 'array' })
  const body = new Ajv(rules)
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? body : address).compile(schema as object)
  )
  // What a route replies with is described by its schema, not filtered by it.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const told = error instanceof CallError ? callHttpError(error) : null
    sendError(told ?? error, request, reply)
  })
  app.setNotFoundHandler(() => {
    throw new HttpError(404, 'not_found', 'There is nothing at this path.')
  })
}
