import type pg from 'pg'

/** From `from` on and before `to`; null: no bound. */
export interface Span {
  readonly from: Date | null
  readonly to: Date | null
}

/** How fast callers were answered in an hour or a day, in ms. */
export type LatencyRow = {
  /** Its beginning. */
  readonly at: Date
  readonly turns: number
  readonly p50_response_ms: number
  readonly p95_response_ms: number
  readonly p99_response_ms: number
}

/** How many calls ended like that. */
export type EndingRow = {
  readonly end_reason: string
  readonly end_detail: string | null
  readonly status: 'ended' | 'failed'
  readonly direction: 'inbound' | 'outbound'
  readonly calls: number
}

/** A process that had calls in the last day. */
export type ReplicaRow = {
  readonly replica_id: string
  readonly live_calls: number
  readonly calls: number
  /** The last sign of life of one of its calls. */
  readonly last_seen_at: Date | null
}

/** What became of calls, over all of them. Every method rejects with the driver's error where there is no database. */
export class ServiceReport {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** By hour or by day in UTC, the earliest first. */
  async latency(group: 'hour' | 'day', span: Span): Promise<LatencyRow[]> {
    // The percentiles of a day are none of those of its hours.
    const text =
      group === 'hour'
        ? `select hour as at, turns, p50_response_ms, p95_response_ms, p99_response_ms from turn_latency_by_hour
           where ($1::timestamptz is null or hour >= date_trunc('hour', $1::timestamptz, 'UTC'))
             and ($2::timestamptz is null or hour < $2) order by 1`
        : `select date_trunc('day', started_at, 'UTC') as at, count(*) as turns,
             percentile_cont(0.50) within group (order by response_ms) as p50_response_ms,
             percentile_cont(0.95) within group (order by response_ms) as p95_response_ms,
             percentile_cont(0.99) within group (order by response_ms) as p99_response_ms
           from turns where response_ms is not null
             and ($1::timestamptz is null or started_at >= $1) and ($2::timestamptz is null or started_at < $2)
           group by 1 order by 1`
    return this.#rows(text, [span.from, span.to])
  }

  /** By how they ended, the most frequent first. */
  async endings(span: Span): Promise<EndingRow[]> {
    return this.#rows(
      `select end_reason, end_detail, status, direction, count(*) as calls from calls
       where end_reason is not null
         and ($1::timestamptz is null or initiated_at >= $1) and ($2::timestamptz is null or initiated_at < $2)
       group by 1, 2, 3, 4 order by calls desc, 1, 2`,
      [span.from, span.to]
    )
  }

  /** The one seen last first. */
  async replicas(since: Date): Promise<ReplicaRow[]> {
    return this.#rows(
      `select replica_id, count(*) as calls,
         count(*) filter (where status in ('initiated', 'answered', 'live')) as live_calls,
         max(greatest(last_heartbeat_at, ended_at, answered_at, initiated_at)) as last_seen_at
       from calls where replica_id is not null and initiated_at >= $1
       group by 1 order by last_seen_at desc, 1`,
      [since]
    )
  }

  async #rows<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.#pool.query(text, values)
    return rows as Row[]
  }
}
