import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '../../services/logger.ts'
import { type Database, openDatabase } from '../../services/store/database.ts'

export interface TestDatabases {
  readonly kind: 'embedded' | 'server'
  /** A database of its own for a test, empty; dropped after it, on a lasting server only if the test passed. */
  create(test: TestContext): Promise<TestDatabase>
}

export interface TestDatabase extends Database {
  readonly url: string
}

/**
 * Runs a suite on the embedded PostgreSQL, and again on the server of TEST_DATABASE_URL. Without that variable it says
 * that it skips the second, and where CI is set it fails.
 */
export function eachDatabase(suite: (databases: TestDatabases) => void): void {
  describe('on the embedded PostgreSQL', () => embedded(suite))
  const url = process.env.TEST_DATABASE_URL
  if (url) {
    describe('on the server of TEST_DATABASE_URL', () =>
      suite({ kind: 'server', create: (test) => create(url, test) }))
  } else {
    it('runs on a PostgreSQL server too', { skip: skipReason() }, () => {
      assert.fail('TEST_DATABASE_URL must be set where CI=true')
    })
  }
}

function skipReason(): string | false {
  return process.env.CI === 'true'
    ? false
    : 'TEST_DATABASE_URL is not set: only the embedded PostgreSQL is tested'
}

function embedded(suite: (databases: TestDatabases) => void): void {
  let dataDir = ''
  let server: Database
  before(async () => {
    dataDir = await makeDataDir()
    server = await openDatabase({ databaseUrl: null, dataDir, log: capture().log })
  })
  after(async () => {
    await server.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  suite({ kind: 'embedded', create: (test) => create(urlOf(server), test) })
}

async function create(serverUrl: string, test: TestContext): Promise<TestDatabase> {
  const name = `offhook_test_${randomBytes(6).toString('hex')}`
  const { log } = capture()
  const server = await openDatabase({ databaseUrl: serverUrl, dataDir: '', log })
  await server.pool.query(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = await openDatabase({ databaseUrl: url.href, dataDir: '', log })
  defer(test, async () => {
    await database.close()
    if ((test as TestContext & { passed: boolean }).passed)
      await server.pool.query(`drop database ${name} with (force)`)
    else test.diagnostic(`kept for a look: database ${name}`)
    await server.close()
  })
  return { ...database, url: url.href }
}

/** A folder that the user of the embedded database may enter, also when the tests run as root. */
export async function makeDataDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'offhook-test-'))
  await chmod(dir, 0o711)
  return dir
}

function urlOf({ pool }: Database): string {
  const { user, password, host, port, database } = pool.options
  return `postgres://${user}:${password}@${host}:${port}/${database}`
}

const deferred = new WeakMap<TestContext, (() => unknown)[]>()

/** Runs after the test, last registered first, so that what was opened on something else is closed before it. */
export function defer(test: TestContext, task: () => unknown): void {
  const tasks = deferred.get(test) ?? []
  if (tasks.length === 0) {
    deferred.set(test, tasks)
    test.after(async () => {
      for (const next of tasks.reverse()) await next()
    })
  }
  tasks.push(task)
}

export type LogLine = Record<string, unknown> & { event?: string; level: string; message: string }

/** A logger whose lines can be read. */
export function capture() {
  const lines: LogLine[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const log = createLogger({ level: 'debug', pretty: false, destination })
  return { log, lines, of: (event: string) => lines.filter((line) => line.event === event) }
}

/** Polls until the condition holds; fails after `deadlineMs`. */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 15_000
): Promise<NonNullable<T>> {
  const end = Date.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value) return value
    assert.ok(Date.now() < end, `waited ${deadlineMs} ms in vain: ${what}`)
    await delay(20)
  }
}
