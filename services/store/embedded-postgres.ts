import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import pRetry, { AbortError } from 'p-retry'
import pg from 'pg'
import type { Logger } from 'pino'
import { letProcessWait, letSessionsWait } from '../priority.ts'
import { type Account, chooseAccount, prepareHome } from './postgres-account.ts'
import { findBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { readPostmaster } from './postmaster.ts'

const run = promisify(execFile)

const HOST = '127.0.0.1'
const USER = 'offhook'
/** Any number will do, as long as every Offhook takes the same. */
const OWNER_LOCK = 67_433_665
/** Bounds a start, including the recovery of a cluster after a crash. */
const START_DEADLINE_MS = 30_000
/** How long a killed predecessor's connection may take to be noticed by the server that it left behind. */
const PREDECESSOR_MS = 2_000
/** A server that exits this often right after its start will not do better the next time. */
const MAX_LAUNCHES = 3
const STOP_DEADLINE_S = 20

/**
 * Small and quiet beside live audio; still safe against a power cut (fsync stays on). Statistics are collected from a
 * tenth of the usual sample: PostgreSQL does so every minute in a busy hour, in a process that is new each time and has
 * half the core before anybody can have it wait, and with the usual sample that takes over half a second. Vacuuming goes
 * in steps a quarter as long as usual, with longer pauses.
 */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '40',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  default_statistics_target: '10',
  autovacuum_vacuum_cost_limit: '50',
  autovacuum_vacuum_cost_delay: '5ms',
  logging_collector: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC'
}

interface Options {
  readonly dataDir: string
  readonly systemDir: string
  readonly log: Logger
}

export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Explicit, so that PGSSLMODE in the environment says nothing about loopback. */
  readonly ssl: false
}

/**
 * A PostgreSQL server of our own, on a loopback port. It runs in a process group of its own, so that Ctrl-C in a
 * terminal reaches Offhook alone; one that a killed Offhook left running is taken over; one that dies is started again.
 */
export class EmbeddedPostgres {
  readonly dataDir: string
  readonly home: string
  readonly #binaries: PostgresBinaries
  readonly #account: Account | null
  readonly #password: string
  readonly #log: Logger
  readonly #stopping = new AbortController()
  #port: number | null = null
  #child: ChildProcess | null = null
  /** Holds the advisory lock of the cluster's owner; its end tells that the server has gone. */
  #owner: pg.Client | null = null
  #waiting: { stop(): void } | null = null

  private constructor(parts: {
    options: Options
    home: string
    binaries: PostgresBinaries
    account: Account | null
    password: string
  }) {
    this.dataDir = parts.options.dataDir
    this.#log = parts.options.log
    this.home = parts.home
    this.#binaries = parts.binaries
    this.#account = parts.account
    this.#password = parts.password
  }

  static async start(options: Options): Promise<EmbeddedPostgres> {
    const account = await chooseAccount(options.dataDir)
    const binaries = await findBinaries(account, options.systemDir)
    const home = await prepareHome(options.dataDir, account, options.systemDir, options.log)
    const password = await ensureCluster(home, binaries, account)
    const server = new EmbeddedPostgres({ options, home, binaries, account, password })
    await server.#bringUp(START_DEADLINE_MS)
    return server
  }

  get version(): string {
    return this.#binaries.version
  }

  /** Fixed from the start on, also when the server has to be started again. */
  get connection(): Connection {
    return {
      host: HOST,
      port: this.#port ?? 0,
      user: USER,
      password: this.#password,
      database: 'postgres',
      ssl: false
    }
  }

  /** Idempotent; resolves when the server has exited. Never rejects. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    this.#waiting?.stop()
    await this.#owner?.end().catch(() => undefined)
    const stop = ['stop', '-D', this.#cluster, '-m', 'fast', '-w', '-t', String(STOP_DEADLINE_S)]
    await run(this.#binaries.pgCtl, stop, { cwd: '/', ...this.#account?.ids }).catch(async (error) => {
      if (!this.#childRuns() && (await readPostmaster(this.#cluster)) === null) return
      this.#log.error({ event: 'database.stuck', err: error }, 'The embedded PostgreSQL did not stop')
      // Immediate shutdown: the next start recovers from the log. Without this it would live on without its folder.
      this.#child?.kill('SIGQUIT')
    })
  }

  get #cluster(): string {
    return path.join(this.home, 'cluster')
  }

  async #bringUp(deadlineMs: number): Promise<void> {
    const startedAt = Date.now()
    let launches = 0
    await pRetry(
      async () => {
        if (!(await this.#isRunning())) {
          if (launches++ === MAX_LAUNCHES) throw new AbortError(await this.#exitStory())
          await this.#launch()
        }
        await this.#takeOwnership()
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 25,
        factor: 1.2,
        maxTimeout: 250,
        maxRetryTime: deadlineMs,
        signal: this.#stopping.signal,
        shouldRetry: ({ error }) =>
          !(error instanceof DataDirInUse && Date.now() - startedAt > PREDECESSOR_MS) && !isRefusal(error)
      }
    )
  }

  /** Whether a server runs on the cluster, or is about to: ours, or one that a killed Offhook left behind. */
  async #isRunning(): Promise<boolean> {
    if (this.#childRuns()) return true
    const postmaster = await readPostmaster(this.#cluster)
    if (postmaster === null) return false
    if (postmaster === 'stale') {
      await rm(path.join(this.#cluster, 'postmaster.pid'), { force: true })
      return false
    }
    if (this.#owner === null && postmaster.port !== null) this.#port = postmaster.port
    return true
  }

  #childRuns(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #launch(): Promise<void> {
    // Once the pool knows the port it has to stay.
    const port = this.#owner && this.#port ? this.#port : await freePort()
    this.#port = port
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const output = await open(path.join(this.home, 'server.log'), 'w', 0o600)
    const child = spawn(this.#binaries.postgres, ['-D', this.#cluster, '-p', String(port), ...settings], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { LC_ALL: 'C' },
      ...this.#account?.ids
    })
    this.#child = child
    letProcessWait(child.pid)
    child.unref()
    child.on('error', (error) =>
      this.#log.error({ event: 'database.failed', err: error }, 'PostgreSQL did not start')
    )
    await output.close()
  }

  async #takeOwnership(): Promise<void> {
    const client = new pg.Client({ ...this.connection, application_name: 'offhook owner', keepAlive: true })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ owner: boolean }>('select pg_try_advisory_lock($1) as owner', [
        OWNER_LOCK
      ])
      if (!rows[0]?.owner) throw new DataDirInUse(this.dataDir)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
    client.once('end', () => this.#revive())
    this.#owner = client
    await this.#letItWait()
  }

  /** Also of a server that was taken over, whose processes another Offhook may have left as they were. */
  async #letItWait(): Promise<void> {
    this.#waiting?.stop()
    const postmaster = await readPostmaster(this.#cluster)
    if (postmaster !== null && postmaster !== 'stale') this.#waiting = letSessionsWait(postmaster.pid)
  }

  #revive(): void {
    if (this.#stopping.signal.aborted) return
    this.#log.error({ event: 'database.lost' }, 'The embedded PostgreSQL went away; starting it again')
    this.#bringUp(START_DEADLINE_MS).then(
      () => this.#log.info({ event: 'database.back' }, 'The embedded PostgreSQL is back'),
      (error: unknown) => {
        if (this.#stopping.signal.aborted) return
        this.#log.error({ event: 'database.failed', err: error }, 'The embedded PostgreSQL cannot be started')
        setTimeout(() => this.#revive(), START_DEADLINE_MS).unref()
      }
    )
  }

  async #exitStory(): Promise<string> {
    const lines = await readFile(path.join(this.home, 'server.log'), 'utf8').catch(() => '')
    return `The embedded PostgreSQL in ${this.home} does not start. It said:\n${lines.trim().split('\n').slice(-5).join('\n')}`
  }
}

/** Another Offhook lives on the same DATA_DIR. */
export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(
      `DATA_DIR ${path.resolve(dataDir)} is in use by another Offhook. ` +
        'Stop that one, give this one a DATA_DIR of its own, or let both share a server with DATABASE_URL.'
    )
    this.name = 'DataDirInUse'
  }
}

/** Makes the cluster and its password where there is none yet; resolves with the password. */
async function ensureCluster(
  home: string,
  binaries: PostgresBinaries,
  account: Account | null
): Promise<string> {
  const cluster = path.join(home, 'cluster')
  const passwordFile = path.join(home, 'password')
  const made = await readFile(path.join(cluster, 'PG_VERSION'), 'utf8').catch(() => null)
  if (made === null) await initialise({ home, cluster, passwordFile, binaries, account })
  else if (made.trim() !== binaries.version.split('.')[0]) {
    throw new Error(
      `The database in ${home} was made by PostgreSQL ${made.trim()}, and this Offhook brings ${binaries.version}. ` +
        'Dump it with the older Offhook and restore it here, or serve it by DATABASE_URL.'
    )
  }
  return (await readFile(passwordFile, 'utf8')).trim()
}

async function initialise(parts: {
  home: string
  cluster: string
  passwordFile: string
  binaries: PostgresBinaries
  account: Account | null
}): Promise<void> {
  const { home, cluster, passwordFile, binaries, account } = parts
  await makePassword(passwordFile, account)
  // Made aside and renamed, so that one cut short is never taken for whole; the process id keeps two starts apart.
  const aside = path.join(home, `cluster.${process.pid}`)
  await rm(aside, { recursive: true, force: true })
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const auth = ['--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${passwordFile}`]
  await run(binaries.initdb, [`--pgdata=${aside}`, ...auth, ...locale], { cwd: '/', ...account?.ids })
  await rename(aside, cluster).catch(async (error: NodeJS.ErrnoException) => {
    await rm(aside, { recursive: true, force: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
}

/** Linked into place whole: of two first starts at once, the second takes the password of the first. */
async function makePassword(file: string, account: Account | null): Promise<void> {
  const aside = `${file}.${process.pid}`
  await writeFile(aside, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (account) await chown(aside, account.ids.uid, account.ids.gid)
  await link(aside, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(aside)
}

/** The server answered and will not answer otherwise: a wrong password, not a start in progress (57P03). */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== '57P03' && error.code !== '53300'
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, HOST, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free loopback port.')
  return address.port
}
