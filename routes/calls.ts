import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

const idSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300 }) })
const listSchema = Type.Object({
  status: Type.Optional(Type.Enum(['live', 'ended'])),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  before: Type.Optional(Type.String({ maxLength: 200 }))
})
const saySchema = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false }
)

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What the operator may read and do of calls. */
export async function callRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { auth, calls, registry } = options
  app.addHook('onRequest', auth.require)

  app.get('/api/calls', { schema: { querystring: listSchema } }, async (request) => {
    const { status, limit, before } = request.query as Static<typeof listSchema>
    if (before !== undefined && !UUID.test(before)) {
      throw new HttpError(400, 'invalid_request', 'querystring/before must be the next of an earlier page')
    }
    return calls.listCalls({ status: status ?? null, limit, before: before ?? null })
  })

  app.get('/api/calls/:id', { schema: { params: idSchema } }, async (request) => {
    const { id } = request.params as Static<typeof idSchema>
    const call = await calls.findCall(id)
    if (!call) throw new HttpError(404, 'unknown_call', 'There is no call with this id.')
    return call
  })

  app.post('/api/calls/:id/end', { schema: { params: idSchema } }, async (request) => {
    const { id } = request.params as Static<typeof idSchema>
    const session = registry.find(id)?.session
    if (session) session.endAfterGoodbye('operator')
    else if (!(await calls.findCall(id)))
      throw new HttpError(404, 'unknown_call', 'There is no call with this id.')
    return { success: true }
  })

  app.post('/api/calls/:id/say', { schema: { params: idSchema, body: saySchema } }, async (request) => {
    const { id } = request.params as Static<typeof idSchema>
    const session = registry.find(id)?.session
    if (!session) throw new HttpError(404, 'unknown_call', 'There is no live call with this id.')
    session.say((request.body as Static<typeof saySchema>).text)
    return { success: true }
  })
}
