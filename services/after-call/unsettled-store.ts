import type pg from 'pg'
import type { CallAnalysisRequest } from '../../sessions/contracts/agent-profile.ts'
import type { CallIdentity } from '../../sessions/contracts/call-events.ts'
import { withTransaction } from '../store/transaction.ts'

/** A call that has ended, and what its agent wants done about it. */
export interface UnsettledCall {
  readonly callId: string
  readonly answered: boolean
  /** null where the agent has none of its own, or is gone. */
  readonly webhookUrl: string | null
  readonly analysis: CallAnalysisRequest | null
}

interface UnsettledRow {
  readonly id: string
  readonly answered_at: Date | null
  readonly webhook_url: string | null
  readonly analysis: CallAnalysisRequest | null
}

/** A call as it is looked back on. */
export interface SettledCall extends UnsettledCall {
  readonly call: CallIdentity
  readonly language: string
}

/** Which calls have ended and were not followed up yet. Methods reject with the driver's error. */
export class UnsettledStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /**
   * Settles at most `limit` calls that ended before `endedBefore` (epoch ms), each once whoever asks: `follow` puts in
   * hand what is to follow, in the same transaction. Resolves with how many there were.
   */
  settle(
    { endedBefore, limit }: { endedBefore: number; limit: number },
    follow: (call: UnsettledCall, client: pg.PoolClient) => Promise<void>
  ): Promise<number> {
    return withTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<UnsettledRow>(
        `select calls.id, calls.answered_at, agents.webhook_url, agents.analysis
         from calls left join agents on agents.id = calls.agent_id
         where calls.settled_at is null and calls.ended_at <= $1 and calls.status in ('ended', 'failed')
         order by calls.ended_at limit $2
         for update of calls skip locked`,
        [new Date(endedBefore), limit]
      )
      for (const row of rows) await follow(unsettled(row), client)
      await client.query('update calls set settled_at = now() where id = any($1::uuid[])', [
        rows.map(({ id }) => id)
      ])
      return rows.length
    })
  }

  async find(callId: string): Promise<SettledCall | null> {
    const { rows } = await this.#pool.query(
      `select calls.*, agents.webhook_url, agents.analysis, coalesce(agents.language, 'en') as language
       from calls left join agents on agents.id = calls.agent_id where calls.id = $1`,
      [callId]
    )
    const row = rows[0]
    if (!row) return null
    const { id, carrier, carrier_call_id: carrierCallId, direction, agent_id: agentId } = row
    const call = {
      callId: id,
      carrier,
      carrierCallId,
      direction,
      from: row.from_number,
      to: row.to_number,
      agentId
    }
    return { ...unsettled(row), call, language: row.language }
  }
}

function unsettled({ id, answered_at, webhook_url, analysis }: UnsettledRow): UnsettledCall {
  return { callId: id, answered: answered_at !== null, webhookUrl: webhook_url, analysis }
}
