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
    const data = await calls.listCalls({ status: status ?? null, limit, before: readCursor(before) })
    const last = data.length === limit ? data.at(-1) : undefined
    return { data, next: last ? writeCursor(last.initiated_at, last.id) : null }
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

/** A place in the list, opaque to its users: the last call of the page before. */
function writeCursor(initiatedAt: Date, id: string): string {
  return Buffer.from(`${initiatedAt.toISOString()} ${id}`).toString('base64url')
}

function readCursor(cursor: string | undefined): { initiatedAt: Date; id: string } | null {
  if (cursor === undefined) return null
  const [at, id] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const initiatedAt = new Date(at)
  if (id && UUID.test(id) && !Number.isNaN(initiatedAt.getTime())) return { initiatedAt, id }
  throw new HttpError(400, 'invalid_request', 'querystring/before must be the next of an earlier page')
}
