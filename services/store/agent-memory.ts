import { readFile, rename, writeFile } from 'node:fs/promises'
import type pg from 'pg'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import { PROFILE_COLUMNS } from './agent-store.ts'

interface Remembered {
  readonly agents: readonly AgentProfile[]
  /** Who answers a number, by E.164. */
  readonly numbers: Readonly<Record<string, string>>
}

/** Who answered which number when the database was last there: on disk, so that a start without it knows too. */
export class AgentMemory {
  readonly #file: string
  #text = ''
  #remembered: Remembered = { agents: [], numbers: {} }

  constructor(file: string) {
    this.#file = file
  }

  /** Reads what an earlier process remembered. Never rejects. */
  async load(): Promise<void> {
    try {
      this.#text = await readFile(this.#file, 'utf8')
      this.#remembered = JSON.parse(this.#text) as Remembered
    } catch {
      // There is none yet, or it was damaged: the default agent answers.
      this.#text = ''
    }
  }

  /** Takes over what the database says now. Rejects with the driver's error, or the disk's. */
  async refresh(pool: pg.Pool): Promise<void> {
    const agents = await pool.query<AgentProfile>(`select ${PROFILE_COLUMNS} from agents order by id`)
    const numbers = await pool.query<{ e164: string; agent_id: string }>(
      'select e164, agent_id from numbers order by e164'
    )
    const known = Object.fromEntries(numbers.rows.map(({ e164, agent_id }) => [e164, agent_id]))
    this.#remembered = { agents: agents.rows, numbers: known }
    const text = JSON.stringify(this.#remembered)
    if (text === this.#text) return
    this.#text = text
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 })
    await rename(`${this.#file}.new`, this.#file)
  }

  /** Who answered a number just now, until the next `refresh`. */
  learn(number: string | null, agent: AgentProfile): void {
    const { agents, numbers } = this.#remembered
    this.#remembered = {
      agents: [...agents.filter(({ id }) => id !== agent.id), agent],
      numbers: number === null ? numbers : { ...numbers, [number]: agent.id }
    }
  }

  agent(id: string): AgentProfile | null {
    return this.#remembered.agents.find((agent) => agent.id === id) ?? null
  }

  /** The agent of a number, else `default`; null where nothing is remembered. */
  agentForNumber(number: string | null): AgentProfile | null {
    const id = number === null ? undefined : this.#remembered.numbers[number]
    return (id === undefined ? null : this.agent(id)) ?? this.agent('default')
  }
}
