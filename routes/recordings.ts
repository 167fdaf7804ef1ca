import staticFiles from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { callId, errors, operator } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import { findKnownCall } from './known-call.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['calls']
const idParams = Type.Object({ id: callId })
const linkQuery = Type.Object({
  expires: Type.Optional(Type.String({ maxLength: 20, description: 'of a link that a webhook was told' })),
  signature: Type.Optional(
    Type.String({ maxLength: 100, description: 'likewise: instead of the operator token' })
  )
})
const wav = Type.String({
  format: 'binary',
  description: 'stereo WAV: caller left, agent as it was heard right'
})
const audio = (description: string) => ({ description, content: { 'audio/wav': { schema: wav } } })

/** The recordings of calls, for the operator, and for whoever has a link to one. */
export async function recordingRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  await app.register(staticFiles, { root: import.meta.dirname, serve: false })
  readingRoute(app, options)
  deletingRoute(app, options)
}

function readingRoute(app: FastifyInstance, options: RouteOptions): void {
  const { auth, calls, followUp } = options
  app.get(
    '/api/calls/:id/recording',
    {
      onRequest: async (request) => {
        if (!hasLink(request, options)) await auth.require(request)
      },
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags,
        summary: 'Gives the recording of a call, or the range of it that a player asks for',
        params: idParams,
        querystring: linkQuery,
        response: {
          200: audio('The recording.'),
          206: audio('The range that was asked for.'),
          ...errors(400, 401, 404, 503)
        }
      }
    },
    async (request, reply) => {
      const call = await findKnownCall(options, () => calls.findCallRow(idOf(request)))
      const { recording_path } = call
      if (recording_path === null) {
        const live = call.status !== 'ended' && call.status !== 'failed'
        const why = live ? 'yet: it is complete when the call is over' : '; it was not made, or was deleted'
        throw new HttpError(
          404,
          'no_recording',
          `There is no recording of this call${live ? ' ' : ''}${why}.`
        )
      }
      const source = await followUp.recordings.open(recording_path, request.headers.range)
      if (!source)
        throw new HttpError(404, 'recording_missing', 'The recording of this call is not where it was kept.')
      reply.header('content-disposition', `attachment; filename="${call.id}.wav"`)
      if (source.kind === 'object') return sendObject(reply, source.object)
      return reply.type('audio/wav').sendFile(source.name, source.folder, { cacheControl: false })
    }
  )
}

function deletingRoute(app: FastifyInstance, options: RouteOptions): void {
  const { auth, calls, followUp } = options
  app.delete(
    '/api/calls/:id/recording',
    {
      onRequest: auth.require,
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags,
        summary: 'Deletes the recording of a call for good',
        params: idParams,
        response: { 204: Type.Null(), ...errors(400, 401, 404, 409, 503) }
      }
    },
    async (request, reply) => {
      const call = await findKnownCall(options, () => calls.findCallRow(idOf(request)))
      if (call.status !== 'ended' && call.status !== 'failed')
        throw new HttpError(409, 'call_live', 'The call is still being recorded: end it first.')
      await followUp.recordings.remove(call.id, call.recording_path)
      return reply.status(204).send()
    }
  )
}

function sendObject(
  reply: FastifyReply,
  {
    body,
    headers,
    status
  }: { body: NodeJS.ReadableStream; headers: Readonly<Record<string, string>>; status: number }
): FastifyReply {
  return reply.status(status).type('audio/wav').header('accept-ranges', 'bytes').headers(headers).send(body)
}

/** A link is to one call, by our id. */
function hasLink(request: FastifyRequest, { followUp }: RouteOptions): boolean {
  const { expires, signature } = request.query as Record<string, unknown>
  if (typeof expires !== 'string' || typeof signature !== 'string') return false
  return followUp.links.accepts(idOf(request), expires, signature)
}

function idOf(request: FastifyRequest): string {
  return (request.params as Static<typeof idParams>).id
}
