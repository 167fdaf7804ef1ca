import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { agent, agentFields, unknownAgent } from './agents.ts'
import { agentId, errors, instant, nullable, operator, pageOf } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import { operatorName } from './operator-action.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['agents']
const version = Type.Object(
  {
    version: Type.Integer({ description: 'from 1' }),
    current: Type.Boolean(),
    made_at: instant,
    made_by: nullable(Type.String({ description: 'who made it, where that is known' })),
    agent: Type.Object({ id: Type.String(), ...Type.Partial(agentFields).properties })
  },
  { title: 'AgentVersion' }
)
const idParams = Type.Object({ id: agentId })
const versionParams = Type.Object({ id: agentId, version: Type.Integer({ minimum: 1 }) })

/** What agents were before they were changed, and the way back. */
export async function agentVersionRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { agentRules, agentVersions, newAgent } = options
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))

  app.get(
    '/api/agents/:id/versions',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Lists what an agent is and was, the current version first',
        params: idParams,
        response: { 200: pageOf(version), ...errors(400, 401, 404, 503) }
      }
    },
    async (request) => {
      const { id } = request.params as Static<typeof idParams>
      const versions = (await agentVersions.list(id)) ?? unknownAgent(id)
      return { data: versions.map((each) => ({ ...each, agent: agentRules.shown(each.agent) })), next: null }
    }
  )

  app.post(
    '/api/agents/:id/versions/:version/restore',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Makes an agent what it was in a former version; what it is now is kept as a version',
        params: versionParams,
        response: { 200: agent, ...errors(400, 401, 404, 503) }
      }
    },
    async (request) => {
      const { id, version } = request.params as Static<typeof versionParams>
      const former = await agentVersions.find(id, version)
      if (!former)
        throw new HttpError(404, 'unknown_version', `The agent ${id} has no former version ${version}.`)
      // What was added to agents since then is as new agents have it.
      const fields = { ...newAgent, ...former }
      return agentRules.shown(
        (await agentVersions.update(id, fields, operatorName(request))) ?? unknownAgent(id)
      )
    }
  )
}
