import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AgentFields } from '../services/store/agent-store.ts'
import { agentTools } from './agent-tools.ts'
import { agentId, e164, errors, instant, nullable, operator, pageOf } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import { operatorName } from './operator-action.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['agents']
const closed = { additionalProperties: false }
const words = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100 })

const interruption = Type.Object(
  {
    minSpeechMs: Type.Integer({ minimum: 0, maximum: 5000 }),
    minWords: Type.Integer({ minimum: 0, maximum: 20 }),
    acknowledgements: nullable(words),
    resume: Type.Boolean()
  },
  { ...closed, description: 'when the caller, speaking over the agent, takes the floor' }
)

const silence = Type.Object(
  {
    afterSeconds: Type.Number({ minimum: 0, maximum: 3600, description: '0: silence is left alone' }),
    reminders: Type.Integer({ minimum: 0, maximum: 20 }),
    phrases: nullable({ ...words, minItems: 1 })
  },
  { ...closed, description: 'when nobody speaks: reminders, then a goodbye and the end' }
)

const transferTarget = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 100 }), number: e164 },
  closed
)

const analysis = Type.Object(
  {
    summary: Type.Boolean({ description: 'whether the call is summed up' }),
    schema: nullable(
      Type.Object({}, { additionalProperties: true, description: 'JSON Schema of the object to fill' })
    ),
    successCriteria: nullable(
      Type.String({ minLength: 1, maxLength: 5000, description: 'when the call counts as a success' })
    )
  },
  { ...closed, description: 'what the chat model finds out of a call once it is over' }
)

/** An agent, named as the fields of its profile. */
export const agentFields = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    instructions: Type.String({ maxLength: 100_000 }),
    greeting: Type.String({ maxLength: 2000, description: 'spoken first, word for word' }),
    voice: nullable(
      Type.String({ minLength: 1, maxLength: 100, description: "the provider's name of a voice" })
    ),
    engine: nullable(Type.Enum(['realtime', 'cascade', 'local'])),
    language: Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$', description: 'BCP 47' }),
    maxCallSeconds: nullable(Type.Integer({ minimum: 1, maximum: 86_400 })),
    protectGoodbye: Type.Boolean({ description: 'whether the goodbye is spoken to its end' }),
    interruption,
    tools: agentTools,
    fillerPhrases: nullable({
      ...words,
      description: "said while the caller waits for a tool; null: those of the agent's language; empty: none"
    }),
    transferTargets: Type.Array(transferTarget, { maxItems: 50 }),
    endCallPhrases: words,
    silence,
    goodbyeMessage: nullable(
      Type.String({ minLength: 1, maxLength: 2000, description: "null: in words of the agent's language" })
    ),
    patienceMs: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      description: 'longer pauses while callers give a number, an address or a spelling'
    }),
    machineDetection: Type.Enum(['off', 'hang_up', 'leave_message']),
    voicemailMessage: Type.String({ maxLength: 2000, description: 'said after the beep with leave_message' }),
    recordCalls: nullable(Type.Boolean({ description: 'null: as RECORD_CALLS says' })),
    recordingConsent: Type.String({
      maxLength: 1000,
      description:
        'said before the greeting where calls are recorded; a caller who then refuses is not recorded'
    }),
    recordingRetentionDays: nullable(
      Type.Integer({
        minimum: 1,
        maximum: 36_500,
        description: 'recordings are deleted so many days after the call'
      })
    ),
    webhookUrl: nullable(
      Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2000, description: 'null: CALL_WEBHOOK_URL' })
    ),
    analysis: nullable(analysis)
  },
  closed
)

const createBody = Type.Object(
  { id: Type.Optional(agentId), ...Type.Partial(agentFields).properties, name: agentFields.properties.name },
  closed
)
const updateBody = Type.Partial(agentFields)
const idParams = Type.Object({ id: agentId })

export const agent = Type.Object(
  { id: Type.String(), ...agentFields.properties, createdAt: instant, updatedAt: instant },
  { title: 'Agent' }
)
/** Who answers. What is changed holds from the next call on. */
export async function agentRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))
  readingRoutes(app, options)
  writingRoutes(app, options)
}

function readingRoutes(app: FastifyInstance, { agents, agentRules }: RouteOptions): void {
  app.get(
    '/api/agents',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Lists the agents',
        response: { 200: pageOf(agent), ...errors(401, 503) }
      }
    },
    async () => ({ data: (await agents.list()).map((row) => agentRules.shown(row)), next: null })
  )

  app.get(
    '/api/agents/:id',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Tells everything of an agent',
        params: idParams,
        response: { 200: agent, ...errors(400, 401, 404, 503) }
      }
    },
    async (request) => {
      const { id } = request.params as Static<typeof idParams>
      return agentRules.shown((await agents.find(id)) ?? unknownAgent(id))
    }
  )
}

function writingRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { agents, agentRules, agentVersions, followUp, newAgent } = options
  app.post(
    '/api/agents',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Makes an agent; what is not given is as the default agent has it',
        body: createBody,
        response: { 201: agent, ...errors(400, 401, 409, 503) }
      }
    },
    async (request, reply) => {
      const { id, ...given } = request.body as { id?: string } & Partial<AgentFields>
      checkFollowUp(given, followUp)
      const fields = accepted(agentRules.admit({ ...newAgent, ...given }, newAgent))
      const made = await agents.create(id ?? null, fields)
      if (!made) throw new HttpError(409, 'agent_exists', `There is an agent with the id ${id} already.`)
      return reply.status(201).send(agentRules.shown(made, given.tools))
    }
  )

  app.put(
    '/api/agents/:id',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Changes the given fields of an agent; what it was is kept as a version',
        params: idParams,
        body: updateBody,
        response: { 200: agent, ...errors(400, 401, 404, 503) }
      }
    },
    async (request) => {
      const { id } = request.params as Static<typeof idParams>
      const given = request.body as Partial<AgentFields>
      checkFollowUp(given, followUp)
      const stored = (await agents.find(id)) ?? unknownAgent(id)
      const { tools } = accepted(agentRules.admit({ ...stored, ...given }, stored))
      const fields = given.tools ? { ...given, tools } : given
      const changed = (await agentVersions.update(id, fields, operatorName(request))) ?? unknownAgent(id)
      return agentRules.shown(changed, given.tools)
    }
  )

  app.delete(
    '/api/agents/:id',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Removes an agent; the default agent answers its numbers from then on',
        params: idParams,
        response: { 204: Type.Null(), ...errors(400, 401, 404, 409, 503) }
      }
    },
    async (request, reply) => {
      const { id } = request.params as Static<typeof idParams>
      if (id === 'default')
        throw new HttpError(
          409,
          'default_agent',
          'The default agent answers where nobody else does: it stays.'
        )
      if (!(await agents.remove(id))) unknownAgent(id)
      return reply.status(204).send()
    }
  )
}

function checkFollowUp(given: Partial<AgentFields>, { agentFault }: RouteOptions['followUp']): void {
  const fault = agentFault(given)
  if (fault) throw new HttpError(400, 'invalid_request', `body/${fault}`)
}

function accepted(admission: ReturnType<RouteOptions['agentRules']['admit']>): AgentFields {
  if ('fault' in admission) throw new HttpError(400, 'invalid_request', admission.fault)
  return admission.fields
}

/** @throws HttpError 404, always. */
export function unknownAgent(id: string): never {
  throw new HttpError(404, 'unknown_agent', `There is no agent with the id ${id}.`)
}
