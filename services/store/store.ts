import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CallRecorder } from './call-recorder.ts'
import type { Price } from './call-writes.ts'
import { adviceFor, checkVersion, type Database, databaseErrorCode } from './database.ts'
import { migrate } from './migrations.ts'
import { PostgresCallStore } from './postgres-call-store.ts'

const PREPARE_RETRY_MIN_MS = 250
const PREPARE_RETRY_MAX_MS = 10_000
const ORPHAN_WATCH_MS = 60_000
/** A ringing caller waits for it. */
const AGENT_DEADLINE_MS = 1_000
const REMEMBERED_NUMBERS = 1_000
/** An operator who asks right after the start waits for it. */
const READY_DEADLINE_MS = 5_000

export interface StoreOptions {
  readonly database: Database
  /** The bus of this replica's own calls. */
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  readonly replicaId: string
  /** Becomes the agent `default` where there is none yet, and answers while the database cannot say who should. */
  readonly defaultAgent: AgentProfile
  /** Where missing, all costs are unknown. */
  readonly price?: Price
}

/**
 * What lasts of the calls. Made at once, whether or not the database can be reached: it brings the schema up to date in
 * the background, and until then calls go on and their records wait in memory.
 */
export class Store {
  readonly calls: PostgresCallStore
  readonly recorder: CallRecorder
  readonly #options: StoreOptions
  readonly #closing = new AbortController()
  readonly #prepared: Promise<boolean>
  readonly #remembered = new LRUCache<string, AgentProfile>({ max: REMEMBERED_NUMBERS })
  #watch: NodeJS.Timeout | undefined
  #ready = false

  constructor(options: StoreOptions) {
    const { pool, description } = options.database
    this.#options = options
    this.calls = new PostgresCallStore(pool)
    this.recorder = new CallRecorder({ ...options, pool, description })
    this.#prepared = this.#prepare()
  }

  /** Whether the schema is up to date and records are being written. */
  get ready(): boolean {
    return this.#ready
  }

  /** Resolves true when ready, false when closed before that. */
  whenReady(): Promise<boolean> {
    return this.#prepared
  }

  /** Whether the schema is up to date, now or within seconds. */
  async soonReady(): Promise<boolean> {
    if (this.#ready) return true
    return Promise.race([this.#prepared, delay(READY_DEADLINE_MS, false, { ref: false })])
  }

  /**
   * Who answers a dialled number. Never rejects, and takes a second at most: while the database is out of reach, who
   * answered the number last, else the default agent.
   */
  async agentForNumber(number: string | null): Promise<AgentProfile> {
    const key = number ?? ''
    const lookUp = this.calls.agentForNumber(number).catch(() => null)
    const found = await Promise.race([lookUp, delay(AGENT_DEADLINE_MS, null, { ref: false })])
    if (found) this.#remembered.set(key, found)
    return found ?? this.#remembered.get(key) ?? this.#options.defaultAgent
  }

  /** How many calls were placed since then. Rejects where the database cannot tell. */
  async countOutbound(since: Date): Promise<number> {
    await this.soonReady()
    return this.calls.countOutbound(since)
  }

  /** Writes what is left within `flushMs` and logs what could not be written. The database stays open. Idempotent. */
  async close(flushMs: number): Promise<void> {
    await this.recorder.close(flushMs)
    this.#closing.abort()
    clearInterval(this.#watch)
    await this.#prepared
  }

  /** Never rejects. */
  async #prepare(): Promise<boolean> {
    let reported = ''
    try {
      await pRetry(() => this.#prepareOnce(), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: PREPARE_RETRY_MIN_MS,
        maxTimeout: PREPARE_RETRY_MAX_MS,
        unref: true,
        signal: this.#closing.signal,
        onFailedAttempt: ({ error }) => {
          const code = databaseErrorCode(error)
          if (code !== reported) this.#report(error, code)
          reported = code
        }
      })
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#report(error, databaseErrorCode(error))
      return false
    }
    this.#ready = true
    const { log, database } = this.#options
    const line = { event: reported ? 'store.recovered' : 'store.ready', database: database.description }
    log.info({ ...line, pending: this.recorder.pending }, 'Database ready')
    this.recorder.start()
    // A replica that crashes for good is cleaned up after by those that live on.
    this.#watch = setInterval(() => {
      this.#closeOrphans('others').catch(() => undefined)
    }, ORPHAN_WATCH_MS).unref()
    return true
  }

  async #prepareOnce(): Promise<void> {
    const { pool, kind } = this.#options.database
    await checkVersion(pool)
    await migrate(pool, this.#options.log)
    await this.calls.seedAgent(this.#options.defaultAgent)
    // An embedded database has one user: what is open in it was left by a process that is gone.
    await this.#closeOrphans(kind === 'embedded' ? 'all' : 'boot')
  }

  async #closeOrphans(scope: 'all' | 'boot' | 'others'): Promise<void> {
    const { log, replicaId, clock } = this.#options
    const calls = await this.calls.closeOrphans({ replicaId, scope, now: clock.now() })
    if (calls.length > 0) {
      log.warn({ event: 'store.orphans_closed', calls }, 'Calls left open by a crash were closed')
    }
  }

  #report(error: unknown, code: string): void {
    const detail = error instanceof Error ? error.message : String(error)
    this.#options.log.error(
      {
        event: 'store.failed',
        database: this.#options.database.description,
        code,
        detail,
        advice: adviceFor(error)
      },
      'Database not ready; calls are answered, and their records wait in memory'
    )
  }
}
