import timers from 'node:timers/promises'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import type { BatchWriter } from './batch-writer.ts'
import { adviceFor, databaseErrorCode } from './database.ts'
import type { SpoolLine } from './spool/spool-record.ts'

const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 5_000
/** What one batch holds while all is well: a database that shares a core with the calls takes it for 6 ms. */
const USUAL_BATCH = 64
/** What it may grow to where more waits than that, as after an outage; bounds what one takes from the event loop. */
const MAX_BATCH = 256
/** Pause between batches while a backlog is stored: live calls come first. */
const BACKLOG_PAUSE_MS = 10
/**
 * Batches begin this far apart: each takes some of this process, however few its records. Where more comes in
 * meanwhile than one usually holds, they begin as far apart as it takes for one of `FULL` to come together.
 */
const PACE_MS = 400
/** After a batch of a few: whoever waits for a row of a quiet server, as one who places a call does, waits no longer. */
const QUIET = { records: 4, paceMs: 100 }
const MIN_PACE_MS = 50
/** A little less than a batch holds, so that a few more do not make two of it. */
const FULL = 0.75 * USUAL_BATCH

/** Where records wait: a `Spool`, or one that was left. */
export interface SpoolSource {
  readonly id: string
  /** The next ones; none where there are no more for now. Asked again, those before are stored up to `stored`. */
  next(stored: number): Promise<SpoolLine[]>
  release(stored: number): Promise<void>
}

export interface SpoolDrainOptions {
  readonly source: SpoolSource
  readonly writer: BatchWriter
  readonly log: Logger
  /** Of the database, for log lines. */
  readonly description: string
  /** Keeps a record that the database will never take. */
  readonly keepRefused: (line: SpoolLine) => Promise<void>
}

/**
 * Takes records from a spool to the database, in order, each once, many at a time. While the database is out of reach it
 * tries again until it succeeds; where it is slow, fewer records go at a time. Log lines: `store.failed` once per outage and
 * `store.recovered` after it; `store.refused` for a record that the database will never take, which is kept on disk.
 */
export class SpoolDrain {
  readonly #options: SpoolDrainOptions
  readonly #closing = new AbortController()
  #stored = 0
  /** Whether `#stored` is what the database says. */
  #isSure = false
  #size = USUAL_BATCH
  #running: Promise<void> | null = null
  #isWanted = false
  #pace: NodeJS.Timeout | null = null
  #startedAt = 0
  #paceMs = PACE_MS
  #outageAt: number | null = null
  #storedAt = 0

  constructor(options: SpoolDrainOptions) {
    this.#options = options
  }

  /** Place of the last record in the database. */
  get stored(): number {
    return this.#stored
  }

  /** When the last record in the database happened, in epoch milliseconds; 0 before the first. */
  get storedAt(): number {
    return this.#storedAt
  }

  /** Whether the database was out of reach when it was last tried. */
  get isDown(): boolean {
    return this.#outageAt !== null
  }

  /** Whether `close` was called. */
  get isStopped(): boolean {
    return this.#closing.signal.aborted
  }

  /** There is more in the spool. */
  poke(): void {
    if (this.#closing.signal.aborted) return
    if (this.#running) {
      this.#isWanted = true
      return
    }
    const pause = this.#startedAt + this.#paceMs - Date.now()
    if (pause <= 0) void this.run()
    else this.#pace ??= setTimeout(() => void this.run(), pause).unref()
  }

  /** Resolves when everything in the spool has been taken, or `close` was called. Never rejects. */
  run(): Promise<void> {
    if (this.#pace) clearTimeout(this.#pace)
    this.#pace = null
    this.#running ??= this.#takeAll().finally(() => {
      this.#running = null
      const isWanted = this.#isWanted
      this.#isWanted = false
      if (isWanted) this.poke()
    })
    return this.#running
  }

  /** Stops in the middle; what is left stays in the spool. */
  async close(): Promise<void> {
    this.#closing.abort()
    if (this.#pace) clearTimeout(this.#pace)
    await this.#running
  }

  async #takeAll(): Promise<void> {
    const sinceMs = Date.now() - this.#startedAt
    this.#startedAt = Date.now()
    const { signal } = this.#closing
    const { source } = this.#options
    const before = this.#stored
    try {
      let lines: SpoolLine[] = []
      do {
        lines = await this.#retry(() => source.next(this.#stored))
        await this.#retry(() => this.#storeLines(lines))
        await source.release(this.#stored).catch(() => undefined)
      } while (lines.length > 0)
    } catch (error) {
      if (!signal.aborted) this.#failed(error)
    }
    this.#paceMs = paceOf(this.#stored - before, sinceMs)
    this.#size = Math.min(this.#size, USUAL_BATCH)
  }

  #retry<T>(attempt: () => Promise<T>): Promise<T> {
    return pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: RETRY_MIN_MS,
      maxTimeout: RETRY_MAX_MS,
      randomize: true,
      unref: true,
      signal: this.#closing.signal,
      onFailedAttempt: ({ error }) => this.#failed(error)
    })
  }

  /** Those that are not stored yet. Rejects where trying again may help. */
  async #storeLines(lines: readonly SpoolLine[]): Promise<void> {
    const { writer, source } = this.#options
    for (;;) {
      if (!this.#isSure && lines.length > 0) {
        this.#stored = await writer.position(source.id)
        this.#isSure = true
      }
      const rest = lines.filter(({ n }) => n > this.#stored)
      if (rest.length === 0) return
      this.#closing.signal.throwIfAborted()
      const batch = rest.slice(0, this.#size)
      await this.#storeBatch(batch)
      if (batch.length < rest.length)
        await timers.setTimeout(BACKLOG_PAUSE_MS, undefined, { signal: this.#closing.signal })
    }
  }

  async #storeBatch(lines: readonly SpoolLine[]): Promise<void> {
    const { writer, source } = this.#options
    const last = lines.at(-1) as SpoolLine
    try {
      // A false answer: this was stored already, and the answer to it was lost.
      this.#isSure = await writer.store(source.id, this.#stored, lines)
    } catch (error) {
      this.#isSure = false
      const smaller = Math.max(1, Math.floor(lines.length / 2))
      if (isTimeout(error) || isPermanent(error)) this.#size = smaller
      if (!isPermanent(error)) throw error
      if (lines.length === 1) await this.#refuse(last, error)
      return
    }
    if (!this.#isSure) return
    this.#stored = last.n
    this.#storedAt = last.at
    this.#size = Math.min(MAX_BATCH, this.#size * 2)
    this.#succeeded()
  }

  async #refuse(line: SpoolLine, error: unknown): Promise<void> {
    const { writer, source, log, keepRefused } = this.#options
    await keepRefused(line)
    await writer.skip(source.id, line.n)
    const { callId, carrier, carrierCallId } = line.call
    const code = databaseErrorCode(error)
    log.error(
      { event: 'store.refused', callId, carrier, carrierCallId, operation: line.event.type, code },
      'The database refuses a record; it is kept in refused.jsonl beside the spool'
    )
  }

  #succeeded(): void {
    if (this.#outageAt === null) return
    const outageMs = Date.now() - this.#outageAt
    this.#outageAt = null
    this.#options.log.info({ event: 'store.recovered', outageMs }, 'Database reachable again')
  }

  #failed(error: unknown): void {
    if (this.#outageAt !== null || this.#closing.signal.aborted) return
    this.#outageAt = Date.now()
    const { log, description } = this.#options
    log.error(
      {
        event: 'store.failed',
        database: description,
        code: databaseErrorCode(error),
        advice: adviceFor(error)
      },
      'Database not reachable; calls go on, and their records wait on disk'
    )
  }
}

/** How long after the start of a drain the next one is to start, where so many records had come in so long. */
function paceOf(records: number, inMs: number): number {
  return records <= QUIET.records
    ? QUIET.paceMs
    : Math.min(PACE_MS, Math.max(MIN_PACE_MS, (inMs * FULL) / records))
}

/**
 * The data is at fault (SQLSTATE classes 22 and 23), so that trying again cannot help. Everything else can change:
 * connections, shutdowns, full disks, locks, permissions, tables that are not there yet.
 */
function isPermanent(error: unknown): boolean {
  return /^(22|23)...$/.test(databaseErrorCode(error))
}

function isTimeout(error: unknown): boolean {
  return ['57014', 'timeout'].includes(databaseErrorCode(error))
}
