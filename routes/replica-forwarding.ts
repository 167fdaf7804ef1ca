import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CallOwner } from '../services/replicas/call-owners.ts'
import type { RemoteReply, RemoteRequest } from '../services/replicas/remote-requests.ts'
import { describe } from './call-events.ts'
import { operatorTokenOf } from './operator-socket.ts'
import type { RouteOptions } from './route-options.ts'

/** Of the connection between the client and the replica that it came to. */
const HOP_HEADERS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'authorization'])
/** On requests that another replica has handed over: they are handed over once. */
const HANDED_OVER = 'x-offhook-handed-over'
/** A carrier may tell of a call that began elsewhere before that replica has noted it. */
const SECOND_LOOK_MS = 150

type Fields = Readonly<Record<string, unknown>>

/**
 * Hands requests for calls that another replica holds over to it, and answers with its reply; tells all replicas of the
 * events of the calls here. For `app` and everything registered on it later.
 */
export function forwardToReplicas(app: FastifyInstance, options: RouteOptions): void {
  const { auth, events, registry, replicas } = options
  if (!replicas) return

  async function hook(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const ids =
      request.method === 'POST' && request.headers[HANDED_OVER] === undefined ? callIdsOf(request) : []
    if (ids.length === 0 || ids.some((id) => registry.find(id))) return
    const owner = await ownerOf(ids, options)
    if (!owner || owner.isHere) return
    const answer = await replicas?.requests.ask(owner.replicaId, remote(request))
    if (!answer) return
    if (answer.type !== null) reply.type(answer.type)
    // As bytes, since a text would be made JSON once more.
    return reply.status(answer.status).send(Buffer.from(answer.body))
  }

  function remote(request: FastifyRequest): RemoteRequest {
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        HOP_HEADERS.has(name) || value === undefined ? [] : [[name, String(value)]]
      )
    )
    const operator = auth.accepts(operatorTokenOf(request))
    return { method: request.method, url: request.url, headers, body: bodyOf(request), operator }
  }

  async function answer({ method, url, headers, body, operator }: RemoteRequest): Promise<RemoteReply> {
    const authorization = operator ? { authorization: auth.header } : {}
    const reply = await app.inject({
      method: method as 'POST',
      url,
      headers: { ...headers, ...authorization, [HANDED_OVER]: '1' },
      ...(body !== '' && { payload: body })
    })
    const type = reply.headers['content-type']
    return { status: reply.statusCode, type: type === undefined ? null : String(type), body: reply.body }
  }

  replicas.requests.serve(answer)
  app.addHook('preHandler', hook)
  const unsubscribe = events.subscribe((published) => {
    const message = describe(published)
    if (message) replicas.mesh.broadcast('event', '-', JSON.stringify(message))
  })
  app.addHook('onClose', async () => unsubscribe())
}

async function ownerOf(ids: readonly string[], { replicas }: RouteOptions): Promise<CallOwner | null> {
  const find = async (): Promise<CallOwner | null> => {
    for (const id of ids) {
      const owner = await replicas?.owners.find(id)
      if (owner) return owner
    }
    return null
  }
  const found = await find()
  if (found) return found
  await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS))
  return find()
}

/** The call that a request is for, as it may be known; none of a request that is for no call, or for a new one. */
function callIdsOf(request: FastifyRequest): string[] {
  const url = request.routeOptions.url ?? ''
  const params = (request.params ?? {}) as Fields
  if (url.startsWith('/api/calls/:id/')) return texts(params.id)
  if (url.startsWith('/api/calls/telnyx/:callControlId/')) return texts(params.callControlId)
  if (url.endsWith('/telnyx/webhook')) return telnyxIdsOf(request.body)
  if (!url.startsWith('/api/calls/telnyx/') && !url.startsWith('/api/calls/twilio/')) return []
  const body = (request.body ?? {}) as Fields
  return texts(body.call_control_id, body.call_sid, body.ParentCallSid, body.CallSid)
}

/** A call that rings is new, and who gets its webhook takes it in. */
function telnyxIdsOf(body: unknown): string[] {
  try {
    const { event_type, payload } = Object(JSON.parse(String(body))).data as {
      event_type: string
      payload: Fields
    }
    if (event_type === 'call.initiated' && payload.direction === 'incoming') return []
    return texts(payload.call_control_id, payload.call_session_id)
  } catch {
    return []
  }
}

function texts(...values: unknown[]): string[] {
  return values.filter((value): value is string => typeof value === 'string' && value !== '')
}

/** As it came, or as good: a form is signed by its fields. */
function bodyOf({ body, headers }: FastifyRequest): string {
  if (typeof body === 'string') return body
  if (body === undefined || body === null) return ''
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return JSON.stringify(body)
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body as Record<string, string | string[]>)) {
    for (const each of [value].flat()) form.append(name, each)
  }
  return form.toString()
}
