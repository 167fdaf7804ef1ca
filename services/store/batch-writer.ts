import { readFileSync } from 'node:fs'
import path from 'node:path'
import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import type { Rounding } from '../config.ts'
import { quietMoment } from '../quiet-moment.ts'
import { databaseErrorCode } from './database.ts'
import { type RowBatch, toRows } from './row-batch.ts'
import type { SpoolLine } from './spool/spool-record.ts'

/** More calls than are ever live at once. */
const REMEMBERED_CALLS = 10_000
/** A row that another refers to is not there. */
const FOREIGN_KEY_VIOLATION = '23503'

const STATEMENT = readFileSync(path.join(import.meta.dirname, 'store-batch.sql'), 'utf8')

/** Puts records into the database, once: the place that a spool has reached moves in the same transaction. */
export class BatchWriter {
  readonly #pool: pg.Pool
  readonly #rounding: Rounding
  /** Calls whose rows this process has stored; somebody may have deleted them since. */
  readonly #calls = new LRUCache<string, true>({ max: REMEMBERED_CALLS })

  constructor(options: { pool: pg.Pool; rounding: Rounding }) {
    this.#pool = options.pool
    this.#rounding = options.rounding
  }

  /** How far a spool is stored; 0 where nothing of it is. */
  async position(spool: string): Promise<number> {
    const { rows } = await this.#pool.query<{ position: number }>(
      'select position from spool_cursors where spool = $1',
      [spool]
    )
    return rows[0]?.position ?? 0
  }

  /**
   * All of the lines, or none. Resolves with false where the spool is stored further, or less far, than `position`.
   * Rejects with the driver's error.
   */
  async store(spool: string, position: number, lines: readonly SpoolLine[]): Promise<boolean> {
    const places = { spool, position, last: lines.at(-1)?.n ?? position }
    const isStored = (callId: string) => this.#calls.has(callId)
    const rows = toRows(lines, isStored)
    try {
      return await this.#run(places, rows)
    } catch (error) {
      if (databaseErrorCode(error) !== FOREIGN_KEY_VIOLATION || !rows.ids.some(isStored)) throw error
      this.#calls.clear()
      return await this.#run(places, toRows(lines, isStored))
    }
  }

  async #run(places: { spool: string; position: number; last: number }, rows: RowBatch): Promise<boolean> {
    const { firstSeconds, stepSeconds } = this.#rounding
    const { spool, position, last } = places
    // Memory outside the heap: so long a string is not collected before the next full collection, however short it lives.
    const rowBatch = Buffer.from(JSON.stringify(rows))
    await quietMoment()
    const answer = await this.#pool.query<{ stored: boolean }>({
      name: 'store-batch',
      text: STATEMENT,
      values: [spool, position, last, rowBatch, firstSeconds, stepSeconds]
    })
    const stored = answer.rows[0]?.stored === true
    if (stored) for (const id of rows.ids) this.#calls.set(id, true)
    return stored
  }

  /** Goes on without a record that the database refuses. */
  async skip(spool: string, position: number): Promise<void> {
    await this.#pool.query(
      `insert into spool_cursors (spool, position) values ($1, $2)
       on conflict (spool) do update set position = greatest(spool_cursors.position, excluded.position)`,
      [spool, position]
    )
  }

  /** A spool that is gone needs no place. */
  async forget(spool: string): Promise<void> {
    await this.#pool.query('delete from spool_cursors where spool = $1', [spool])
  }
}
