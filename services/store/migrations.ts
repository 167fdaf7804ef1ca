import path from 'node:path'
import { runner } from 'node-pg-migrate'
import type pg from 'pg'
import type { Logger } from 'pino'
import { withClient } from './transaction.ts'

const FOLDER = path.join(import.meta.dirname, 'migrations')

/**
 * Brings the schema up to date, in one transaction, under an advisory lock: replicas that start together wait for the
 * first. Migrations are only ever appended; `count`: no more than so many. Resolves with the names of those that were
 * run.
 */
export async function migrate(
  pool: pg.Pool,
  log: Logger,
  count = Number.POSITIVE_INFINITY
): Promise<string[]> {
  const done = await withClient(pool, async (client) => {
    await client.query('set statement_timeout = 0')
    try {
      return await runner({
        dbClient: client,
        dir: FOLDER,
        direction: 'up',
        count,
        // Numbers are given out in ranges: one may come below the last that was run.
        checkOrder: false,
        migrationsTable: 'offhook_migrations',
        advisoryLockMode: 'wait',
        logger: {
          debug: ignore,
          info: ignore,
          warn: (message) => log.warn({ detail: message }, 'Migration warning'),
          error: ignore
        }
      })
    } finally {
      await client.query('reset statement_timeout').catch(ignore)
    }
  })
  const names = done.map(({ name }) => name)
  if (names.length > 0) log.info({ event: 'database.migrated', migrations: names }, 'Database schema updated')
  return names
}

/** The rejection says what went wrong; the library's own lines would repeat it with the SQL. */
function ignore(): void {}
