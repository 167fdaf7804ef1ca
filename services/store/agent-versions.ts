import type pg from 'pg'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import { type AgentFields, type AgentRow, AgentStore } from './agent-store.ts'
import { withTransaction } from './transaction.ts'

/** One state of an agent, by the number of the change that made it. */
export interface AgentVersion {
  /** From 1. */
  readonly version: number
  readonly current: boolean
  readonly made_at: Date
  /** Who made it: the name that the console was given, or `operator`; null where that is not known. */
  readonly made_by: string | null
  readonly agent: AgentProfile
}

interface FormerRow {
  readonly version: number
  readonly agent: AgentFields
  readonly replaced_by: string
  readonly replaced_at: Date
}

/** What agents were before they were changed. Every method rejects with the driver's error where there is no database. */
export class AgentVersions {
  readonly #pool: pg.Pool
  readonly #agents: AgentStore

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#agents = new AgentStore(pool)
  }

  /**
   * Changes the fields that are given, and keeps what the agent was. A change that changes nothing leaves no version.
   * Resolves with null where there is no such agent.
   */
  async update(id: string, fields: Partial<AgentFields>, by: string): Promise<AgentRow | null> {
    return withTransaction(this.#pool, (client) => replace(client, id, fields, by))
  }

  /** The current one first. Resolves with null where there is no such agent. */
  async list(id: string): Promise<AgentVersion[] | null> {
    const agent = await this.#agents.find(id)
    if (!agent) return null
    const former = await this.#former(id)
    const { createdAt, updatedAt: _, ...profile } = agent
    const states = [...former.map((row) => ({ id, ...row.agent })), profile]
    return states
      .map((state, index) => {
        const before = former[index - 1]
        return {
          version: (before?.version ?? 0) + 1,
          current: index === former.length,
          made_at: before?.replaced_at ?? createdAt,
          made_by: before?.replaced_by ?? null,
          agent: state
        }
      })
      .toReversed()
  }

  /** The fields of a former version, to be written again; null where there is none. */
  async find(id: string, version: number): Promise<AgentFields | null> {
    return (await this.#former(id)).find((row) => row.version === version)?.agent ?? null
  }

  async #former(id: string): Promise<FormerRow[]> {
    const { rows } = await this.#pool.query<FormerRow>(
      `select version, agent, replaced_by, replaced_at from agent_versions where agent_id = $1 order by version`,
      [id]
    )
    return rows
  }
}

/** Two who change an agent at once do so one after the other, since the row is locked. */
async function replace(
  client: pg.PoolClient,
  id: string,
  fields: Partial<AgentFields>,
  by: string
): Promise<AgentRow | null> {
  await client.query('select id from agents where id = $1 for update', [id])
  const agents = new AgentStore(client)
  const former = await agents.find(id)
  if (!former) return null
  const changed = await agents.update(id, fields)
  const [before, after] = [contentOf(former), changed && contentOf(changed)]
  if (JSON.stringify(before) === JSON.stringify(after)) return changed
  await client.query(
    `insert into agent_versions (agent_id, version, agent, replaced_by)
     select $1, coalesce(max(version), 0) + 1, $2, $3 from agent_versions where agent_id = $1`,
    [id, JSON.stringify(before), by]
  )
  return changed
}

function contentOf({
  id: _id,
  createdAt: _createdAt,
  updatedAt: _updatedAt,
  ...fields
}: AgentRow): AgentFields {
  return fields
}
