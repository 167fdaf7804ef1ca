import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { type Connection, EmbeddedPostgres } from './embedded-postgres.ts'

const OLDEST_MAJOR = 14
const CONNECT_TIMEOUT_MS = 5_000
/** How long the start waits to hear that the server is new enough. */
const START_TIMEOUT_MS = 1_500
const STATEMENT_TIMEOUT_MS = 10_000
/** Longer than the server's own limit: it only counts where the server is out of reach in the middle of a query. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000
const POOL_CLOSE_MS = 5_000
/** A slow database still stores: nobody waits for the records of calls but those after them. */
const WRITER_TIMEOUT_MS = 60_000
/** Where the embedded database goes when DATA_DIR is closed to the user it runs as; only root ever needs it. */
const SYSTEM_DIR = '/var/lib/offhook'

export interface Database {
  readonly pool: pg.Pool
  /** One connection, patient, for the records of calls alone. */
  readonly writer: pg.Pool
  readonly kind: 'external' | 'embedded'
  /** For people: host, port and database, or the folder; never a password. */
  readonly description: string
  /** Address with password of the embedded server, for its owner's own tools; null of an external one. */
  readonly embeddedUrl: string | null
  /** Ends the pool, and the server if it is ours. Idempotent, never rejects. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:5432/database`; null for the embedded server. */
  readonly databaseUrl: string | null
  readonly dataDir: string
  readonly log: Logger
  readonly systemDir?: string
}

/**
 * Opens the PostgreSQL at `databaseUrl`, or the embedded one under `<dataDir>/postgres`.
 *
 * An external server that cannot be reached is no reason to reject: calls go on without it, its pool connects as soon as
 * it can, and the store, which waits for that, says what to do. Rejects where waiting cannot help: a server older than 14, a malformed address, an embedded server that
 * does not start, a DATA_DIR in use by another Offhook.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.databaseUrl === null ? openEmbedded(options) : openExternal(options.databaseUrl, options.log)
}

/** Rejects with a TooOld error below PostgreSQL 14, and with the driver's own where the server is out of reach. */
export async function checkVersion(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string }>(
    "select current_setting('server_version_num') as version"
  )
  const major = Math.floor(Number(rows[0]?.version) / 10_000)
  if (major < OLDEST_MAJOR) throw new TooOld(major)
}

export class TooOld extends Error {
  constructor(major: number) {
    super(`DATABASE_URL leads to PostgreSQL ${major}; Offhook needs ${OLDEST_MAJOR} or newer.`)
    this.name = 'TooOld'
  }
}

/** What an operator can do about a failed connection or query. Says nothing of the address or the password. */
export function adviceFor(error: unknown): string {
  if (error instanceof TooOld) return error.message
  const code = databaseErrorCode(error)
  if (code === '28P01' || code === '28000') return 'Check the user and password in DATABASE_URL.'
  if (code === '3D000') return 'Create the database that DATABASE_URL names.'
  if (code === '42501') return 'Let the user of DATABASE_URL create and write tables in the database.'
  if (code === '53300') return 'The server has no connection to spare: raise its max_connections.'
  return 'Check that the server runs and that the host and port of DATABASE_URL lead to it.'
}

/** SQLSTATE or the network's code, for example `28P01`, `ECONNREFUSED` or `timeout`; `unknown` where there is none. */
export function databaseErrorCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (code) return code
  if (!(error instanceof Error)) return 'unknown'
  // The driver gives these two no code.
  if (/terminated/i.test(error.message)) return 'connection_lost'
  return /timeout/i.test(error.message) ? 'timeout' : 'unknown'
}

async function openExternal(databaseUrl: string, log: Logger): Promise<Database> {
  const description = describe(databaseUrl)
  const pool = makePool({ connectionString: databaseUrl }, log)
  const writer = makeWriter({ connectionString: databaseUrl }, log)
  const database: Database = {
    pool,
    writer,
    kind: 'external',
    description,
    embeddedUrl: null,
    close: once(() => endPools(pool, writer))
  }
  try {
    // A server that does not even refuse is not waited for: calls come first.
    await Promise.race([checkVersion(pool), delay(START_TIMEOUT_MS, undefined, { ref: false })])
  } catch (error) {
    if (error instanceof TooOld) {
      await database.close()
      throw error
    }
    // The store says so, and waits for it; the server starts without.
  }
  return database
}

async function openEmbedded(options: DatabaseOptions): Promise<Database> {
  const { dataDir, log, systemDir = SYSTEM_DIR } = options
  const server = await EmbeddedPostgres.start({ dataDir, systemDir, log })
  const pool = makePool(server.connection, log)
  const writer = makeWriter(server.connection, log)
  return {
    pool,
    writer,
    kind: 'embedded',
    description: `embedded PostgreSQL ${server.version} in ${server.home}`,
    embeddedUrl: urlOf(server.connection),
    close: once(async () => {
      await endPools(pool, writer)
      await server.stop()
    })
  }
}

function urlOf({ user, password, host, port, database }: Connection): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
}

type Where = Connection | { connectionString: string }

function makePool(where: Where, log: Logger): pg.Pool {
  return quiet(
    new pg.Pool({
      ...where,
      application_name: 'offhook',
      max: 10,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      types: { getTypeParser }
    }),
    log
  )
}

function makeWriter(where: Where, log: Logger): pg.Pool {
  return quiet(
    new pg.Pool({
      ...where,
      application_name: 'offhook writer',
      max: 1,
      connectionTimeoutMillis: WRITER_TIMEOUT_MS,
      statement_timeout: WRITER_TIMEOUT_MS,
      query_timeout: WRITER_TIMEOUT_MS + QUERY_TIMEOUT_MS - STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      types: { getTypeParser }
    }),
    log
  )
}

/** An idle connection that the server ends would otherwise be an uncaught exception; the next query opens another. */
function quiet(pool: pg.Pool, log: Logger): pg.Pool {
  return pool.on('error', (error) => {
    log.debug(
      { event: 'database.connection_lost', code: databaseErrorCode(error) },
      'Database connection lost'
    )
  })
}

/** Sums and money as numbers, days as the text they are: pg gives the first as text and shifts the second by a zone. */
const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = (oid, format) => {
  if (oid === pg.types.builtins.NUMERIC || oid === pg.types.builtins.INT8) return Number
  if (oid === pg.types.builtins.DATE) return String
  return pg.types.getTypeParser(oid, format)
}

function describe(databaseUrl: string): string {
  try {
    const { host, port, database } = new pg.Client({ connectionString: databaseUrl })
    return `${host}:${port}/${database}`
  } catch (cause) {
    const message = 'DATABASE_URL is not an address of the form postgres://user:password@host:5432/database.'
    throw new Error(message, { cause })
  }
}

async function endPools(...pools: pg.Pool[]): Promise<void> {
  const ended = Promise.all(pools.map((pool) => pool.end().catch(() => undefined)))
  // A connection that is still checked out would be waited for without end.
  await Promise.race([ended, delay(POOL_CLOSE_MS, undefined, { ref: false })])
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | null = null
  return () => {
    closing ??= close()
    return closing
  }
}
