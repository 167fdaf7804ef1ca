import { readFileSync } from 'node:fs'
import path from 'node:path'
import type pg from 'pg'
import type { Rounding } from '../config.ts'
import { toRows } from './row-batch.ts'
import type { SpoolLine } from './spool/spool-record.ts'

const STATEMENT = readFileSync(path.join(import.meta.dirname, 'store-batch.sql'), 'utf8')

/** Puts records into the database, once: the place that a spool has reached moves in the same transaction. */
export class BatchWriter {
  readonly #pool: pg.Pool
  readonly #rounding: Rounding

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
    const { firstSeconds, stepSeconds } = this.#rounding
    const last = lines.at(-1)?.n ?? position
    // Memory outside the heap: so long a string is not collected before the next full collection, however short it lives.
    const rowBatch = Buffer.from(JSON.stringify(toRows(lines)))
    const { rows } = await this.#pool.query<{ stored: boolean }>({
      name: 'store-batch',
      text: STATEMENT,
      values: [spool, position, last, rowBatch, firstSeconds, stepSeconds]
    })
    return rows[0]?.stored === true
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
