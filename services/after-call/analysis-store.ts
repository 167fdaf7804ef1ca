import type pg from 'pg'
import type { CallAnalysisRow } from '../store/postgres-call-store.ts'

export type CallCost = { readonly cost_usd: number | null; readonly unpriced_items: number }

/** What the chat model found out of calls, and what calls came to. Methods reject with the driver's error. */
export class AnalysisStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** In place of an earlier one; not of a call whose words were erased. */
  async put(callId: string, analysis: CallAnalysisRow): Promise<void> {
    const { model, summary, data, success, success_reason, error } = analysis
    await this.#pool.query(
      `insert into call_analysis (call_id, model, summary, data, success, success_reason, error)
       select id, $2, $3, $4, $5, $6, $7 from calls where id = $1 and erased_at is null
       on conflict (call_id) do update set model = excluded.model, summary = excluded.summary, data = excluded.data,
         success = excluded.success, success_reason = excluded.success_reason, error = excluded.error,
         analysed_at = now()`,
      [callId, model, summary, data === null ? null : JSON.stringify(data), success, success_reason, error]
    )
  }

  async costOf(callId: string): Promise<CallCost> {
    const { rows } = await this.#pool.query<CallCost>(
      'select cost_usd, unpriced_items from call_costs where call_id = $1',
      [callId]
    )
    return rows[0] ?? { cost_usd: null, unpriced_items: 0 }
  }
}
