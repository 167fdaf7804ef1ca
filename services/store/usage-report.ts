import { stringify } from 'csv-stringify/sync'
import type pg from 'pg'

export const USAGE_GROUPS = ['day', 'month', 'agent', 'number'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

/** The key of the group and what it adds up to. `cost_usd` is null where no price is known. */
export type UsageRow = Readonly<Record<string, string | number | null>>

/** The key's column, as in the view `usage_by_…`. */
const KEYS = { day: 'day', month: 'month', agent: 'agent_id', number: 'number' } as const satisfies Record<
  UsageGroup,
  string
>
const SUMS = ['calls', 'minutes', 'seconds', 'cost_usd', 'unpriced_items'] as const

/** Minutes and money of the calls answered in a span of time. */
export class UsageReport {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Of the calls from `from` on and before `to`; null: no bound. */
  async read(group: UsageGroup, span: { from: Date | null; to: Date | null }): Promise<UsageRow[]> {
    const key = KEYS[group]
    const { rows } = await this.#pool.query(
      `select ${key}, count(*) as calls, sum(minutes) as minutes, sum(seconds) as seconds,
         sum(cost_usd) as cost_usd, sum(unpriced_items) as unpriced_items
       from call_usage
       where ($1::timestamptz is null or started_at >= $1) and ($2::timestamptz is null or started_at < $2)
       group by 1 order by 1`,
      [span.from, span.to]
    )
    return rows
  }

  /** RFC 4180, with a header; what a spreadsheet would take for a formula is kept from being one. */
  csv(group: UsageGroup, rows: readonly UsageRow[]): string {
    const columns = [KEYS[group], ...SUMS]
    // A number begins with a plus, and is none.
    const escape_formulas = group !== 'number'
    return stringify([...rows], { header: true, columns, escape_formulas, record_delimiter: 'windows' })
  }
}
