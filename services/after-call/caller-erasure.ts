import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { RecordingArchive } from '../recording/recording-archive.ts'
import { withClient, withTransaction } from '../store/transaction.ts'

/** Below DATA_DIR. */
const TAPES = 'tapes'
const REFUSED = path.join('spool', 'refused.jsonl')
/** What carriers tell of a call after its end is erased too, where it came this long after the erasure. */
const AFTERMATH = "interval '1 day'"

export type Erasure = {
  readonly calls: number
  readonly recordings: number
  readonly tapes: number
}

/** Why nothing was erased: the person is on the phone, or the number is one that agents answer. */
export type ErasureRefusal = 'call_live' | 'own_number'

interface CallOfPerson {
  readonly id: string
  readonly status: string
  readonly recording_path: string | null
}

/**
 * Erases a person: their number wherever it stands, and of their calls all words, events, tool arguments, analyses,
 * recordings and tapes. What calls took and cost stays. May be run again: it erases what has come since.
 */
export class CallerErasure {
  readonly #pool: pg.Pool
  readonly #archive: RecordingArchive
  readonly #dataDir: string
  readonly #clock: Clock
  readonly #retireSpool: () => Promise<void>

  /** `retireSpool`: what is written to the database leaves nothing on the disk beside it. */
  constructor(options: {
    pool: pg.Pool
    archive: RecordingArchive
    dataDir: string
    clock: Clock
    retireSpool: () => Promise<void>
  }) {
    this.#retireSpool = options.retireSpool
    this.#pool = options.pool
    this.#archive = options.archive
    this.#dataDir = options.dataDir
    this.#clock = options.clock
  }

  /**
   * `e164`: of the person. Rejects where the database, the disk or the bucket fails: then some files may be gone, and
   * it is to be asked for again.
   */
  async erase(e164: string): Promise<Erasure | ErasureRefusal> {
    // What waits to be written is found too.
    await this.#retireSpool()
    const calls = await this.#callsOf(e164)
    if (calls === 'own_number') return calls
    if (calls.some(({ status }) => status !== 'ended' && status !== 'failed')) return 'call_live'
    let tapes = 0
    for (const { id, recording_path } of calls) {
      await this.#archive.removeFiles(id, recording_path)
      if (await this.#removeTape(id)) tapes += 1
    }
    const callIds = calls.map(({ id }) => id)
    await this.#eraseRefused([e164.replace('+', ''), ...callIds])
    await this.#eraseRows(e164, callIds)
    await this.#vacuum()
    return {
      calls: calls.length,
      recordings: calls.filter(({ recording_path }) => recording_path !== null).length,
      tapes
    }
  }

  /** Erases what came of erased calls since: a carrier's last webhooks, and tapes that lay with another replica. */
  async eraseAftermath(): Promise<void> {
    await this.#pool.query(
      `update call_events set payload = '{}' from calls
       where calls.id = call_events.call_id and calls.erased_at > now() - ${AFTERMATH} and payload <> '{}'`
    )
    const { rows } = await this.#pool.query<{ id: string }>(
      `select id from calls where erased_at > now() - ${AFTERMATH}`
    )
    for (const { id } of rows) await this.#removeTape(id)
  }

  /** The person is the caller of what came in, and the called of what went out; the other end is our own number. */
  async #callsOf(e164: string): Promise<CallOfPerson[] | 'own_number'> {
    const own = await this.#pool.query(
      `select 1 from numbers where e164 = $1
       union all select 1 from calls where direction = 'inbound' and to_number = $1
       union all select 1 from calls where direction = 'outbound' and from_number = $1 limit 1`,
      [e164]
    )
    if (own.rowCount !== 0) return 'own_number'
    const { rows } = await this.#pool.query<CallOfPerson>(
      `select id, status, recording_path from calls
       where (direction = 'inbound' and from_number = $1) or (direction = 'outbound' and to_number = $1)`,
      [e164]
    )
    return rows
  }

  async #removeTape(callId: string): Promise<boolean> {
    try {
      await rm(path.join(this.#dataDir, TAPES, `${callId}.jsonl`))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }

  /** Records that the database refused are kept in a file, one a line. */
  async #eraseRefused(traces: readonly string[]): Promise<void> {
    const file = path.join(this.#dataDir, REFUSED)
    const text = await readFile(file, 'utf8').catch(() => '')
    const lines = text.split('\n').filter((line) => !traces.some((trace) => line.includes(trace)))
    if (lines.length < text.split('\n').length) await writeFile(file, lines.join('\n'), { mode: 0o600 })
  }

  async #eraseRows(e164: string, callIds: readonly string[]): Promise<void> {
    const at = new Date(this.#clock.now())
    // Carriers and models write a number with and without its plus.
    const digits = e164.replace(/^\+/, '')
    await withTransaction(this.#pool, async (client) => {
      // Looks through every event and turn there is.
      await client.query('set local statement_timeout = 0')
      await client.query(
        `update calls set
           from_number = case when direction = 'inbound' then null else from_number end,
           to_number = case when direction = 'outbound' then null else to_number end,
           recording_path = null,
           recording_deleted_at = coalesce(recording_deleted_at, $2),
           erased_at = $2
         where id = any($1::uuid[])`,
        [callIds, at]
      )
      for (const statement of OF_THE_CALLS) await client.query(statement, [callIds])
      for (const statement of ELSEWHERE) await client.query(statement, [digits])
    })
  }

  /** What was erased is still in the pages of the tables until then. */
  async #vacuum(): Promise<void> {
    await withClient(this.#pool, async (client) => {
      await client.query('set statement_timeout = 0')
      await client.query('vacuum calls, call_events, turns, call_analysis')
      await client.query('reset statement_timeout')
    })
  }
}

const OF_THE_CALLS = [
  `update turns set said_text = '', heard_text = '' where call_id = any($1::uuid[])`,
  `update call_events set payload = '{}' where call_id = any($1::uuid[])`,
  'delete from call_analysis where call_id = any($1::uuid[])'
]

/** In other people's calls: who was handed over to them, or spoke of them. */
const ELSEWHERE = [
  `update call_events set payload = regexp_replace(payload::text, '\\+?' || $1, '0', 'g')::jsonb
   where payload::text like '%' || $1 || '%'`,
  `update turns set said_text = regexp_replace(said_text, '\\+?' || $1, '', 'g'),
     heard_text = regexp_replace(heard_text, '\\+?' || $1, '', 'g')
   where said_text like '%' || $1 || '%' or heard_text like '%' || $1 || '%'`,
  `update call_analysis set summary = regexp_replace(summary, '\\+?' || $1, '', 'g'),
     data = regexp_replace(data::text, '\\+?' || $1, '0', 'g')::jsonb,
     success_reason = regexp_replace(success_reason, '\\+?' || $1, '', 'g')
   where concat_ws(' ', summary, data::text, success_reason) like '%' || $1 || '%'`
]
