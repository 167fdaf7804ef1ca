import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { pino } from 'pino'
import { adviceFor, checkVersion, databaseErrorCode, openDatabase } from '../../services/store/database.ts'
import { type Check, type Finding, fault, ok } from './check.ts'

const MIGRATIONS = path.join(import.meta.dirname, '../../services/store/migrations')
/** A user as the server has it, in a transaction that is taken back. */
const TRY_TO_WRITE = 'create table offhook_doctor (probe int); insert into offhook_doctor values (1)'

/** Whether the database is there, new enough, writable, and of this version's schema or an older one. */
export const database: Check = {
  name: 'database',
  async run({ config, server }) {
    if (config.databaseUrl === null && server) {
      return [ok('The embedded PostgreSQL is in use by the running server.')]
    }
    return [await examine(config.databaseUrl, config.dataDir)]
  }
}

async function examine(databaseUrl: string | null, dataDir: string): Promise<Finding> {
  const log = pino({ level: 'silent' })
  try {
    const { pool, description, close } = await openDatabase({ databaseUrl, dataDir, log })
    try {
      await checkVersion(pool)
      return await inspect(pool, description)
    } finally {
      await close()
    }
  } catch (error) {
    if (databaseUrl !== null)
      return fault(`DATABASE_URL does not work (${databaseErrorCode(error)}).`, adviceFor(error))
    const reason = error instanceof Error ? error.message : String(error)
    return fault(
      `The embedded PostgreSQL does not start: ${reason}`,
      'Set DATA_DIR to a folder of its own on a local disk, or DATABASE_URL to a PostgreSQL 14 or newer.'
    )
  }
}

async function inspect(pool: pg.Pool, description: string): Promise<Finding> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version') as version"
    )
    await client.query(`begin; ${TRY_TO_WRITE}; rollback`)
    const { pending, unknown } = await compareSchema(client)
    if (unknown.length > 0) {
      return fault(
        `The schema in ${description} is of a newer Offhook (${unknown.join(', ')}).`,
        'Run that version, or use a database of its own.'
      )
    }
    const schema =
      pending === 0 ? 'its schema is up to date' : 'its schema is brought up to date at the next start'
    return ok(`PostgreSQL ${rows[0]?.version} (${description}) can be written to; ${schema}.`)
  } finally {
    // Not to be used again: an error may have left it within a transaction.
    client.release(true)
  }
}

async function compareSchema(client: pg.PoolClient): Promise<{ pending: number; unknown: string[] }> {
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql'))
  const ours = new Set(files.map((file) => path.basename(file, '.sql')))
  const { rows: tables } = await client.query("select to_regclass('offhook_migrations') is not null as there")
  if (!tables[0]?.there) return { pending: ours.size, unknown: [] }
  const { rows } = await client.query<{ name: string }>('select name from offhook_migrations')
  const done = rows.map(({ name }) => name)
  return {
    pending: [...ours].filter((name) => !done.includes(name)).length,
    unknown: done.filter((name) => !ours.has(name))
  }
}
