import type pg from 'pg'

/** Fields are named as the columns of `webhook_deliveries`. */
export type DeliveryRow = {
  readonly id: string
  /** The same for every attempt to tell the same. */
  readonly event_id: string
  readonly type: string
  readonly call_id: string
  readonly url: string
  readonly attempt: number
  readonly replay: boolean
  readonly delivered: boolean
  readonly status_code: number | null
  readonly error: string | null
  readonly duration_ms: number
  readonly attempted_at: Date
}

export interface DeliveryFilter {
  readonly callId: string | null
  readonly limit: number
  /** Id of the last attempt of the page before; null for the first page. */
  readonly before: string | null
}

export interface Attempt {
  readonly eventId: string
  readonly type: string
  readonly callId: string
  readonly url: string
  readonly replay: boolean
  readonly delivered: boolean
  readonly statusCode: number | null
  readonly error: string | null
  readonly durationMs: number
  /** Epoch milliseconds. */
  readonly attemptedAt: number
}

/** Attempts to tell webhooks. Every method rejects with the driver's error where the database is out of reach. */
export class DeliveryStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async add(attempt: Attempt): Promise<void> {
    await this.#pool.query(
      `insert into webhook_deliveries
         (event_id, type, call_id, url, attempt, replay, delivered, status_code, error, duration_ms, attempted_at)
       select $1, $2, $3, $4, count(*) + 1, $5, $6, $7, $8, $9, $10
       from webhook_deliveries where event_id = $1`,
      [
        attempt.eventId,
        attempt.type,
        attempt.callId,
        attempt.url,
        attempt.replay,
        attempt.delivered,
        attempt.statusCode,
        attempt.error,
        Math.round(attempt.durationMs),
        new Date(attempt.attemptedAt)
      ]
    )
  }

  /** Newest first, at most `limit`; `next` is the cursor of the page after this one, null on the last. */
  async list({
    callId,
    limit,
    before
  }: DeliveryFilter): Promise<{ data: DeliveryRow[]; next: string | null }> {
    const { rows } = await this.#pool.query<DeliveryRow>(
      `select * from webhook_deliveries
       where ($1::uuid is null or call_id = $1)
         and ($2::uuid is null or
           (attempted_at, id) < (select attempted_at, id from webhook_deliveries where id = $2))
       order by attempted_at desc, id desc limit $3`,
      [callId, before, limit + 1]
    )
    const data = rows.slice(0, limit)
    return { data, next: rows.length > limit ? (data.at(-1)?.id ?? null) : null }
  }

  async find(id: string): Promise<DeliveryRow | null> {
    const { rows } = await this.#pool.query<DeliveryRow>('select * from webhook_deliveries where id = $1', [
      id
    ])
    return rows[0] ?? null
  }
}
