import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { callId, errors, operator } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import { findKnownCall } from './known-call.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const params = Type.Object({ id: callId })
const reply = {
  description: 'one JSON object a line, the header first; npm run replay reads it',
  content: { 'application/x-ndjson': { schema: Type.String() } }
}

/** The wire tape of a call. */
export async function tapeRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.get(
    '/api/calls/:id/tape',
    {
      onRequest: options.auth.require,
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags: ['calls'],
        summary: 'Hands out the tape of a call: what came and went on its wires, for a replay',
        params,
        response: { 200: reply, ...errors(400, 401, 404, 503) }
      }
    },
    async (request, reply) => {
      const { id } = request.params as Static<typeof params>
      const call = await findKnownCall(options, () => options.calls.findCallRow(id))
      const tape = await options.tapes.read(call.id)
      if (!tape)
        throw new HttpError(
          404,
          'no_tape',
          'There is no tape of this call here: with RECORD_TAPES=true, the replica that has a call keeps one.'
        )
      return reply
        .type('application/x-ndjson')
        .header('content-length', tape.bytes)
        .header('content-disposition', `attachment; filename="call-${call.id}.jsonl"`)
        .send(tape.stream)
    }
  )
}
