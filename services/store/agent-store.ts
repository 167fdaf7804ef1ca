import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { EngineName } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { Query } from './call-queries.ts'

/** The columns of `agents`, named as the fields of a profile. */
export type AgentRow = {
  readonly [Field in keyof AgentProfile]: AgentProfile[Field]
} & { readonly engine: EngineName | null; readonly createdAt: Date; readonly updatedAt: Date }

/** A number and who answers it. */
export type NumberRow = {
  readonly e164: string
  readonly agent_id: string
  readonly updated_at: Date
}

export type AgentFields = Omit<AgentProfile, 'id'>

/** Column by field; what is in JSON is written as JSON. */
const COLUMNS = {
  name: 'name',
  instructions: 'instructions',
  greeting: 'greeting',
  voice: 'voice',
  engine: 'engine',
  language: 'language',
  maxCallSeconds: 'max_call_seconds',
  protectGoodbye: 'protect_goodbye',
  interruption: 'interruption',
  tools: 'tools',
  fillerPhrases: 'filler_phrases',
  transferTargets: 'transfer_targets',
  endCallPhrases: 'end_call_phrases',
  silence: 'silence',
  goodbyeMessage: 'goodbye_message',
  patienceMs: 'patience_ms',
  machineDetection: 'machine_detection',
  voicemailMessage: 'voicemail_message',
  recordCalls: 'record_calls',
  recordingConsent: 'recording_consent',
  recordingRetentionDays: 'recording_retention_days',
  webhookUrl: 'webhook_url',
  analysis: 'analysis'
} as const satisfies Record<keyof AgentFields, string>

const FIELDS = Object.keys(COLUMNS) as (keyof AgentFields)[]

/** For `select`: the columns of `agents` under the names of a profile's fields. */
export const PROFILE_COLUMNS = [
  'agents.id',
  ...FIELDS.map((field) => `agents.${COLUMNS[field]} as "${field}"`)
].join(', ')
const ROW_COLUMNS = `${PROFILE_COLUMNS}, agents.created_at as "createdAt", agents.updated_at as "updatedAt"`

/** Agents, and the numbers that they answer. Every method rejects with the driver's error where there is no database. */
export class AgentStore {
  readonly #pool: pg.Pool | pg.PoolClient

  /** `pool`: or a connection, to take part in its transaction. */
  constructor(pool: pg.Pool | pg.PoolClient) {
    this.#pool = pool
  }

  /** By id. */
  async list(): Promise<AgentRow[]> {
    return this.#rows(`select ${ROW_COLUMNS} from agents order by id`)
  }

  async find(id: string): Promise<AgentRow | null> {
    const rows = await this.#rows<AgentRow>(`select ${ROW_COLUMNS} from agents where id = $1`, [id])
    return rows[0] ?? null
  }

  /** `id`: null for one of our making. Resolves with null where there is an agent with this id already. */
  async create(id: string | null, fields: AgentFields): Promise<AgentRow | null> {
    const { text, values } = insertAgent({ ...fields, id: id ?? randomUUID() })
    const rows = await this.#rows<AgentRow>(`${text} returning ${ROW_COLUMNS}`, values)
    return rows[0] ?? null
  }

  /** Changes the fields that are given. Resolves with null where there is no such agent. */
  async update(id: string, fields: Partial<AgentFields>): Promise<AgentRow | null> {
    const given = FIELDS.filter((field) => fields[field] !== undefined)
    const changes = given.map((field, index) => `${COLUMNS[field]} = $${index + 2}`)
    const rows = await this.#rows<AgentRow>(
      `update agents set ${[...changes, 'updated_at = now()'].join(', ')} where id = $1 returning ${ROW_COLUMNS}`,
      [id, ...given.map((field) => written(fields[field]))]
    )
    return rows[0] ?? null
  }

  /** Its numbers are answered by `default` from then on. Resolves with false where there is no such agent. */
  async remove(id: string): Promise<boolean> {
    return (await this.#rows('delete from agents where id = $1 returning id', [id])).length > 0
  }

  async listNumbers(): Promise<NumberRow[]> {
    return this.#rows('select e164, agent_id, updated_at from numbers order by e164')
  }

  /** Has this agent answer a number. Resolves with null where there is no such agent. */
  async assignNumber(e164: string, agentId: string): Promise<NumberRow | null> {
    const rows = await this.#rows<NumberRow>(
      `insert into numbers (e164, agent_id) select $1, id from agents where id = $2
       on conflict (e164) do update set agent_id = excluded.agent_id, updated_at = now()
       returning e164, agent_id, updated_at`,
      [e164, agentId]
    )
    return rows[0] ?? null
  }

  /** The default agent answers it from then on. Resolves with false where no agent was set for it. */
  async releaseNumber(e164: string): Promise<boolean> {
    return (await this.#rows('delete from numbers where e164 = $1 returning e164', [e164])).length > 0
  }

  async #rows<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#pool.query(text, values)
    return rows as Row[]
  }
}

/** An agent that is there already is left as its owner made it. */
export function insertAgent(profile: AgentProfile): Query {
  const columns = ['id', ...FIELDS.map((field) => COLUMNS[field])]
  return {
    text: `insert into agents (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})
      on conflict (id) do nothing`,
    values: [profile.id, ...FIELDS.map((field) => written(profile[field]))]
  }
}

/** The driver would take an array for one of PostgreSQL's own, not for JSON. */
function written(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}
