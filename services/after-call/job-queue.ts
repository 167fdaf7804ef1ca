import type pg from 'pg'
import type { JobWithMetadata, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import { databaseErrorCode } from '../store/database.ts'

/** What a worker that nobody wakes waits between two looks for a job. */
const POLL_SECONDS = 2
/** How often jobs of a process that died are taken up by others. */
const SUPERVISE_SECONDS = 15
/** Longest wait at the end for jobs under way; what is not done by then is done after the next start. */
const STOP_MS = 5_000

export interface JobOptions {
  /** A job that takes longer was lost with its process, and is done again. */
  readonly expireInSeconds: number
  readonly retryLimit: number
  /** Before the first retry; doubled, with some jitter, before each further one. */
  readonly retryDelaySeconds: number
  readonly retryDelayMaxSeconds: number
  /** At the same time, in this process. */
  readonly concurrency: number
}

export interface Job<Data> {
  readonly data: Data
  /** 0 the first time. */
  readonly retries: number
  readonly lastTry: boolean
  /** Epoch milliseconds. */
  readonly createdAt: number
}

interface Definition {
  readonly options: JobOptions
  readonly run: (job: Job<object>) => Promise<void>
}

/**
 * Work that outlasts the process: kept by pg-boss in the schema `pgboss` of the same database, done at least once, and
 * tried again where it fails. Nothing is loaded, made or asked of the database until there is work.
 */
export class JobQueue {
  readonly #pool: pg.Pool
  readonly #log: Logger
  readonly #definitions = new Map<string, Definition>()
  readonly #workers = new Map<string, string[]>()
  #starting: Promise<PgBoss> | null = null
  #closed = false

  constructor(options: { pool: pg.Pool; log: Logger }) {
    this.#pool = options.pool
    this.#log = options.log
  }

  /** To be called for every kind of job before the first start. `run` rejects where the job is to be tried again. */
  define<Data extends object>(
    name: string,
    options: JobOptions,
    run: (job: Job<Data>) => Promise<void>
  ): void {
    this.#definitions.set(name, { options, run: run as Definition['run'] })
  }

  /** Begins to work where an earlier process may have left something to do. Rejects where the database can't tell. */
  async resume(): Promise<void> {
    const { rows } = await this.#pool.query("select to_regclass('pgboss.version') is not null as made")
    if (rows[0]?.made) await this.start()
  }

  /** Begins to work. Rejects with the database's error, and may then be called again. */
  async start(): Promise<void> {
    await this.#boss()
  }

  /**
   * Adds a job, unless one of the same kind and key waits already; `client` is one in whose transaction it is added.
   * Rejects with the database's error.
   */
  async send(
    name: string,
    { data, key, client }: { data: object; key: string; client?: pg.PoolClient }
  ): Promise<void> {
    const boss = await this.#boss()
    await boss.send(name, data, { singletonKey: key, ...(client && { db: adapter(client) }) })
    if (!client) this.wake(name)
  }

  /** There may be jobs of this kind: nobody waits for the next poll. */
  wake(name: string): void {
    void this.#starting?.then((boss) => {
      for (const worker of this.#workers.get(name) ?? []) boss.notifyWorker(worker)
    })
  }

  /** Finishes what is under way, for a few seconds. Idempotent, never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    const boss = await this.#starting?.catch(() => null)
    await boss?.stop({ graceful: true, timeout: STOP_MS }).catch(() => undefined)
  }

  #boss(): Promise<PgBoss> {
    if (this.#closed) return Promise.reject(new Error('The queue of jobs is closed.'))
    this.#starting ??= this.#open().catch((error) => {
      this.#starting = null
      throw error
    })
    return this.#starting
  }

  async #open(): Promise<PgBoss> {
    const { PgBoss } = await import('pg-boss')
    const boss = new PgBoss({
      db: adapter(this.#pool),
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS
    })
    boss.on('error', (error) => {
      const code = databaseErrorCode(error)
      this.#log.warn({ event: 'jobs.trouble', code }, 'The queue of jobs has trouble and goes on')
    })
    await boss.start()
    for (const [name, definition] of this.#definitions) await this.#work(boss, name, definition)
    return boss
  }

  async #work(boss: PgBoss, name: string, { options, run }: Definition): Promise<void> {
    const queue = {
      policy: 'short' as const,
      expireInSeconds: options.expireInSeconds,
      retryLimit: options.retryLimit,
      retryDelay: options.retryDelaySeconds,
      retryBackoff: true,
      retryDelayMax: options.retryDelayMaxSeconds
    }
    await boss.createQueue(name, queue)
    // An earlier version may have made it with other options.
    const { policy: _fixed, ...changeable } = queue
    await boss.updateQueue(name, changeable)
    const workers: string[] = []
    for (let worker = 0; worker < options.concurrency; worker++) {
      const id = await boss.work(
        name,
        { includeMetadata: true as const, pollingIntervalSeconds: POLL_SECONDS },
        async (jobs: JobWithMetadata<object>[]) => {
          for (const job of jobs) await this.#run(job, run)
        }
      )
      workers.push(id)
    }
    this.#workers.set(name, workers)
  }

  async #run(job: JobWithMetadata<object>, run: Definition['run']): Promise<void> {
    try {
      await run({
        data: job.data,
        retries: job.retryCount,
        lastTry: job.retryCount >= job.retryLimit,
        createdAt: job.createdOn.getTime()
      })
    } catch (error) {
      // What is kept of a failure in the database is its name alone.
      throw new Error(error instanceof Error ? error.name : 'failed')
    }
  }
}

/** pg-boss asks over our own connections. */
function adapter(client: pg.Pool | pg.PoolClient) {
  return { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
}
