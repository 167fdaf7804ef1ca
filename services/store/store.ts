import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Rounding } from '../config.ts'
import type { PriceBook } from '../pricing/price-book.ts'
import { priceEvent } from '../pricing/pricing.ts'
import { AgentMemory } from './agent-memory.ts'
import { CallRecorder, type CallRecorderOptions } from './call-recorder.ts'
import { adviceFor, checkVersion, type Database, databaseErrorCode } from './database.ts'
import { migrate } from './migrations.ts'
import { closeLostCalls } from './orphans.ts'
import { PostgresCallStore } from './postgres-call-store.ts'

const PREPARE_RETRY_MIN_MS = 250
const PREPARE_RETRY_MAX_MS = 5_000
/** Well within SILENT_MS, by which others tell that this process lives. */
const KEEP_ALIVE_MS = 10_000
const ORPHAN_WATCH_MS = 60_000
/** Who has not touched their spool for so long is gone. */
const SILENT_MS = 60_000
/** A ringing caller waits for it; less where the database was out of reach a moment ago. */
const AGENT_DEADLINE_MS = 1_000
const AGENT_DEADLINE_DOWN_MS = 100
/** An operator who asks right after the start waits for it. */
const READY_DEADLINE_MS = 5_000

export interface StoreOptions {
  readonly database: Database
  /** Folder for what waits to be stored, and for what is remembered of agents. */
  readonly dataDir: string
  /** The bus of this replica's own calls. */
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  readonly replicaId: string
  /** Becomes the agent `default` where there is none yet, and answers while nobody can say who should. */
  readonly defaultAgent: AgentProfile
  readonly prices: PriceBook
  readonly rounding: Rounding
  readonly openFile?: CallRecorderOptions['openFile']
}

/** Where the records of calls stand. */
export interface StoreHealth {
  /** `behind`: more than five seconds; `down`: the database is out of reach. Records wait on disk in both. */
  readonly state: 'ok' | 'behind' | 'down'
  /** Records not yet in the database. */
  readonly pending: number
  /** How often the disk has refused records since the start; they wait in memory then. */
  readonly diskRefusals: number
}

/**
 * What lasts of the calls. Made at once, whether or not the database can be reached: it brings the schema up to date in
 * the background, and until then calls go on and their records wait on disk.
 */
export class Store {
  readonly calls: PostgresCallStore
  readonly recorder: CallRecorder
  readonly #options: StoreOptions
  readonly #closing = new AbortController()
  readonly #prepared: Promise<boolean>
  readonly #memory: AgentMemory
  readonly #remembered: Promise<void>
  readonly #timers: NodeJS.Timeout[] = []
  #ready = false

  constructor(options: StoreOptions) {
    const { database, dataDir, prices } = options
    this.#options = options
    this.calls = new PostgresCallStore(database.pool)
    this.recorder = new CallRecorder({
      ...options,
      folder: path.join(dataDir, 'spool'),
      pool: database.writer,
      description: database.description,
      pricing: (published) => priceEvent(prices, published)
    })
    this.#memory = new AgentMemory(path.join(dataDir, 'agents.json'))
    this.#remembered = this.#memory.load()
    this.#timers.push(setInterval(() => void this.recorder.keepAlive(), KEEP_ALIVE_MS).unref())
    this.#prepared = this.#prepare()
  }

  /** Whether the schema is up to date and records are being written. */
  get ready(): boolean {
    return this.#ready
  }

  get health(): StoreHealth {
    const { state, pending, diskRefusals } = this.recorder
    return { state, pending, diskRefusals }
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
   * answered the number last, also before this process, else the default agent.
   */
  async agentForNumber(number: string | null): Promise<AgentProfile> {
    await this.#remembered
    const lookUp = this.calls.agentForNumber(number).catch(() => null)
    const deadlineMs = this.recorder.state === 'down' ? AGENT_DEADLINE_DOWN_MS : AGENT_DEADLINE_MS
    const found = await Promise.race([lookUp, delay(deadlineMs, null, { ref: false })])
    if (found) this.#memory.learn(number, found)
    return found ?? this.#memory.agentForNumber(number) ?? this.#options.defaultAgent
  }

  /**
   * null where there is none of this id. Never rejects: without the database, it is the agent as it was last; until the
   * default agent has been put into a new one, it is there all the same.
   */
  async agentById(id: string): Promise<AgentProfile | null> {
    await this.#remembered
    const { defaultAgent } = this.#options
    const initial = id === defaultAgent.id ? defaultAgent : null
    const isReady = this.#ready
    try {
      return (await this.calls.findAgent(id)) ?? (isReady ? null : initial)
    } catch {
      return this.#memory.agent(id) ?? initial
    }
  }

  /** How many calls were placed since then. Rejects where the database cannot tell. */
  async countOutbound(since: Date): Promise<number> {
    await this.soonReady()
    return this.calls.countOutbound(since)
  }

  /**
   * Closes what a process that died left open, as `server_lost`. Resolves with the ids of the calls; rejects with the
   * driver's error.
   */
  async closeOrphans(scope: 'all' | 'boot' | 'others'): Promise<string[]> {
    const { database, log, replicaId, clock } = this.#options
    const calls = await closeLostCalls(database.pool, { replicaId, scope, now: clock.now() }, this.#options)
    if (calls.length > 0) {
      log.warn({ event: 'store.orphans_closed', calls }, 'Calls left open by a crash were closed')
    }
    return calls
  }

  /** Writes what is left within `flushMs`; the rest waits on disk. The database stays open. Idempotent. */
  async close(flushMs: number): Promise<void> {
    await this.recorder.close(flushMs)
    this.#closing.abort()
    for (const timer of this.#timers) clearInterval(timer)
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
    await this.rememberAgents()
    this.#timers.push(setInterval(() => void this.#watch(), ORPHAN_WATCH_MS).unref())
    return true
  }

  async #prepareOnce(): Promise<void> {
    const { pool, kind } = this.#options.database
    await checkVersion(pool)
    await migrate(pool, this.#options.log)
    await this.calls.seedAgent(this.#options.defaultAgent)
    // An embedded database has one user: whatever is left was left by a process that is gone. First what is on disk, so
    // that the calls that it left open are closed by their last sign of life.
    const isAlone = kind === 'embedded'
    await this.recorder.storeLeft(isAlone ? 0 : SILENT_MS)
    this.#closing.signal.throwIfAborted()
    await this.closeOrphans(isAlone ? 'all' : 'boot')
  }

  /** A replica that crashes for good is cleaned up after by those that live on. Never rejects. */
  async #watch(): Promise<void> {
    await this.recorder.storeLeft(SILENT_MS)
    await this.closeOrphans('others').catch(() => undefined)
    await this.rememberAgents()
  }

  /** Keeps who answers which number for when the database is away. Never rejects. */
  async rememberAgents(): Promise<void> {
    const { dataDir, database } = this.#options
    await mkdir(dataDir, { recursive: true }).catch(() => undefined)
    await this.#memory.refresh(database.pool).catch(() => undefined)
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
      'Database not ready; calls are answered, and their records wait on disk'
    )
  }
}
