import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { e164, errors, operator } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const params = Type.Object({ e164 })
const count = Type.Integer({ minimum: 0 })
const erased = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({ calls: count, recordings: count, tapes: count })
})

const REFUSALS = {
  call_live: 'This person is on the phone: end the call first.',
  own_number:
    'This is a number of yours, which agents answer or call from: it is nobody who could be forgotten.'
}

/** The people behind the numbers. */
export async function callerRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.delete(
    '/api/callers/:e164',
    {
      onRequest: options.auth.require,
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags: ['callers'],
        summary:
          'Erases a person: number, words, recordings and tapes of all their calls; minutes and costs stay',
        params,
        response: { 200: erased, ...errors(400, 401, 409, 503) }
      }
    },
    async (request) => {
      const outcome = await options.followUp.erasure.erase((request.params as Static<typeof params>).e164)
      if (typeof outcome === 'string') throw new HttpError(409, outcome, REFUSALS[outcome])
      return { success: true, data: outcome }
    }
  )
}
