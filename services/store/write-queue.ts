import { setTimeout as delay } from 'node:timers/promises'
import PQueue from 'p-queue'
import pRetry from 'p-retry'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Query } from './call-queries.ts'
import { adviceFor, databaseErrorCode } from './database.ts'
import { withTransaction } from './transaction.ts'

/** Writes of different calls at once; fewer than the pool has connections, so that reads find one too. */
const LANES = 4
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 5_000
/** Bounds memory in a long outage: some 2 kB a write. */
const MAX_PENDING = 20_000
/** From here on only what bills and tells a call is kept. */
const MAX_PENDING_DETAILS = MAX_PENDING / 2

/** What one event leaves in the database: all of it, or nothing. */
export interface CallWrite {
  readonly callId: string
  /** The event's name. */
  readonly operation: string
  /** Whether a row other than of `call_events` depends on it. */
  readonly essential: boolean
  readonly statements: readonly Query[]
  /** May be logged: no transcript, no phone number. */
  readonly summary: Readonly<Record<string, unknown>>
}

/**
 * Writes in the background, in order within a call. A database out of reach delays writes, and with them nobody: they
 * wait in memory, bounded, and are tried again until they succeed. Log lines: `store.failed` once per outage and
 * `store.recovered` after it; `store.dropped` for a write that can never succeed or found no room; `store.lost` for
 * what `close` gave up.
 */
export class WriteQueue {
  readonly #pool: pg.Pool
  readonly #log: Logger
  readonly #description: string
  readonly #lanes: PQueue
  /** One queue a call, while it has something to write. */
  readonly #calls = new Map<string, PQueue>()
  readonly #waiting = new Set<CallWrite>()
  readonly #givingUp = new AbortController()
  #outageAt: number | null = null
  #dropsDetails = false

  constructor(options: { pool: pg.Pool; description: string; log: Logger }) {
    this.#pool = options.pool
    this.#description = options.description
    this.#log = options.log
    this.#lanes = new PQueue({ concurrency: LANES, autoStart: false })
  }

  /** Writes not yet in the database. */
  get pending(): number {
    return this.#waiting.size
  }

  /** Begins to write; until then everything waits. */
  start(): void {
    this.#lanes.start()
  }

  /** Never throws. */
  push(write: CallWrite): void {
    if (this.#givingUp.signal.aborted || !this.#hasRoom(write)) return
    this.#waiting.add(write)
    const { callId } = write
    let queue = this.#calls.get(callId)
    if (!queue) {
      queue = new PQueue({ concurrency: 1 })
      queue.once('idle', () => this.#calls.delete(callId))
      this.#calls.set(callId, queue)
    }
    void queue.add(() => this.#lanes.add(() => this.#attempt(write)))
  }

  /** Resolves true when everything has been written, false when `deadlineMs` passed before. */
  async flush(deadlineMs: number): Promise<boolean> {
    const timer = new AbortController()
    const deadline = delay(deadlineMs, false, { signal: timer.signal }).catch(() => false)
    const idle = () => Promise.all([...this.#calls.values()].map((queue) => queue.onIdle())).then(() => true)
    let inTime = true
    while (inTime && this.#waiting.size > 0) inTime = await Promise.race([deadline, idle()])
    timer.abort()
    return this.#waiting.size === 0
  }

  /** Flushes, then gives up what is left and logs it call by call. */
  async close(deadlineMs: number): Promise<void> {
    await this.flush(deadlineMs)
    this.#givingUp.abort()
    const lost = Map.groupBy(this.#waiting, ({ callId }) => callId)
    for (const writes of lost.values()) {
      const summary = Object.assign({}, ...writes.map((write) => write.summary))
      const usage = writes.flatMap((write) => write.summary.usage ?? [])
      const operations = writes.map(({ operation }) => operation)
      this.#log.error(
        { ...summary, usage, operations, event: 'store.lost' },
        'Records of a call were not stored'
      )
    }
    this.#waiting.clear()
    this.#lanes.clear()
  }

  #hasRoom(write: CallWrite): boolean {
    const limit = write.essential ? MAX_PENDING : MAX_PENDING_DETAILS
    if (this.#waiting.size < limit) return true
    // An essential record may be restored from its line; of details one line tells enough.
    if (write.essential || !this.#dropsDetails) {
      this.#log.error(
        { ...write.summary, event: 'store.dropped', operation: write.operation, pending: this.pending },
        'Too many records wait for the database; further ones are dropped'
      )
    }
    if (!write.essential) this.#dropsDetails = true
    return false
  }

  /** Settles when the write is stored, given up or impossible. Never rejects. */
  async #attempt(write: CallWrite): Promise<void> {
    if (this.#givingUp.signal.aborted) return
    try {
      await pRetry(() => this.#execute(write), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: RETRY_MIN_MS,
        maxTimeout: RETRY_MAX_MS,
        randomize: true,
        unref: true,
        signal: this.#givingUp.signal,
        shouldRetry: ({ error }) => !isPermanent(error),
        onFailedAttempt: ({ error }) => this.#failed(write, error)
      })
      this.#succeeded(write)
    } catch (error) {
      if (this.#givingUp.signal.aborted) return
      this.#waiting.delete(write)
      this.#log.error(
        {
          ...write.summary,
          event: 'store.dropped',
          operation: write.operation,
          code: databaseErrorCode(error)
        },
        'The database refuses a record'
      )
    }
  }

  async #execute({ statements }: CallWrite): Promise<void> {
    const [first, ...others] = statements
    if (first && others.length === 0) await this.#pool.query(first)
    else
      await withTransaction(this.#pool, async (client) => {
        for (const statement of statements) await client.query(statement)
      })
  }

  #succeeded(write: CallWrite): void {
    this.#waiting.delete(write)
    if (this.#outageAt === null) return
    const outageMs = Date.now() - this.#outageAt
    this.#outageAt = null
    this.#dropsDetails = false
    this.#log.info({ event: 'store.recovered', outageMs, pending: this.pending }, 'Database reachable again')
  }

  #failed(write: CallWrite, error: Error): void {
    if (this.#outageAt !== null || isPermanent(error) || this.#givingUp.signal.aborted) return
    this.#outageAt = Date.now()
    this.#log.error(
      {
        event: 'store.failed',
        database: this.#description,
        operation: write.operation,
        code: databaseErrorCode(error),
        advice: adviceFor(error)
      },
      'Database not reachable; calls go on, and their records wait in memory'
    )
  }
}

/**
 * The data or the statement is at fault (SQLSTATE classes 22, 23 and 42), so that trying again cannot help; a missing
 * permission (42501) can be given meanwhile. So can everything else be: connections, shutdowns, full disks, locks.
 */
function isPermanent(error: Error): boolean {
  const code = databaseErrorCode(error)
  return /^(22|23|42)...$/.test(code) && code !== '42501'
}
