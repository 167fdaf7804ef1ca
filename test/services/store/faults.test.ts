import assert from 'node:assert/strict'
import { cp, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type pg from 'pg'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { openDatabase } from '../../../services/store/database.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { capture, defer, eachDatabase, eventually, type TestDatabase } from '../../support/databases.ts'
import { openProxy } from '../../support/tcp-proxy.ts'
import { stored, TOKEN_USD, type ToldCall, telling, told } from './ledger.ts'
import { createRecorderRig, type RecorderRigOptions } from './recorder-rig.ts'

const FLUSH_MS = 30_000
const token = { provider: 'openai', model: 'm', unit: 'text_input_token', usd: TOKEN_USD, per: 1 }
const prices = new PriceBook([{ date: '2026-01-01', prices: [token] }])

/** A recorder whose way to the database can be cut; `pool` goes around it. */
async function start(
  t: TestContext,
  { pool, url }: TestDatabase,
  { statementTimeoutMs, ...options }: RecorderRigOptions & { statementTimeoutMs?: number } = {}
) {
  await migrate(pool, capture().log)
  const proxy = await openProxy(url)
  const database = await openDatabase({ databaseUrl: proxy.url, dataDir: '', log: capture().log })
  defer(t, async () => {
    await proxy.close()
    await database.close()
  })
  if (statementTimeoutMs) database.writer.options.statement_timeout = statementTimeoutMs
  return { proxy, pool, ...createRecorderRig(t, database, { prices, ...options }) }
}

type Rig = Awaited<ReturnType<typeof start>>

/** Every call at once, second by second, up to `untilMs` from `fromMs` on. */
function playAll(
  { play }: Rig,
  calls: readonly ToldCall[],
  fromMs = 0,
  untilMs = Number.POSITIVE_INFINITY
): void {
  const steps = calls.flatMap(({ call, script }) => script.map((step) => ({ call, step })))
  for (const { call, step } of steps.toSorted((a, b) => a.step[0] - b.step[0]))
    if (step[0] >= fromMs && step[0] < untilMs) play(call, [step])
}

async function assertStored({ recorder, pool, logs }: Rig, calls: readonly ToldCall[]): Promise<void> {
  assert.ok(await recorder.flush(FLUSH_MS), JSON.stringify(logs.lines))
  assert.equal(await stored(pool), told(calls))
  assert.equal(recorder.pending, 0)
  assert.equal(recorder.state, 'ok')
  assert.deepEqual(logs.of('store.refused'), [])
}

async function isBusy(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
  )
  return rows.length > 0
}

const someCalls = () => Array.from({ length: 12 }, (_, index) => telling(5, index * 300))

eachDatabase((databases) => {
  describe('what happened is what SQL tells, to the byte,', { concurrency: 4 }, () => {
    it('when nothing fails', async (t) => {
      const rig = await start(t, await databases.create(t))
      rig.recorder.start()
      const calls = someCalls()
      playAll(rig, calls)
      await assertStored(rig, calls)
    })

    it('when the database is down at the start', async (t) => {
      const rig = await start(t, await databases.create(t))
      await rig.proxy.cut()
      const calls = someCalls()
      playAll(rig, calls)
      assert.equal(rig.recorder.state, 'down')
      assert.equal(await stored(rig.pool), '')
      await rig.proxy.restore()
      rig.recorder.start()
      await assertStored(rig, calls)
    })

    it('when the database is down for the middle of the calls', async (t) => {
      const rig = await start(t, await databases.create(t))
      rig.recorder.start()
      const calls = someCalls()
      playAll(rig, calls, 0, 6_000)
      assert.ok(await rig.recorder.flush(FLUSH_MS))
      await rig.proxy.cut()
      playAll(rig, calls, 6_000, 15_000)
      await eventually('the outage is noticed', () => rig.recorder.state === 'down')
      await rig.proxy.restore()
      playAll(rig, calls, 15_000)
      await assertStored(rig, calls)
      assert.equal(rig.logs.of('store.failed').length, 1)
      assert.equal(rig.logs.of('store.recovered').length, 1)
    })

    it('when the database is down as everybody hangs up, and again and again', async (t) => {
      const rig = await start(t, await databases.create(t))
      rig.recorder.start()
      const calls = someCalls()
      for (const second of [16, 18, 20, 22]) {
        playAll(rig, calls, second === 16 ? 0 : (second - 2) * 1_000, second * 1_000)
        // In the middle of whatever it does: a batch may be in the database, and the word of it lost.
        await rig.proxy.cut()
        await rig.proxy.restore()
      }
      await rig.proxy.cut()
      playAll(rig, calls, 22_000)
      await eventually('the outage is noticed', () => rig.recorder.state === 'down')
      await rig.proxy.restore()
      await assertStored(rig, calls)
    })

    it('when the database is back after ten minutes', async (t) => {
      const rig = await start(t, await databases.create(t))
      rig.recorder.start()
      await rig.proxy.cut()
      // Ten minutes of calls, by the clock of the calls.
      const calls = Array.from({ length: 200 }, (_, index) => telling(8, index * 3_000))
      playAll(rig, calls)
      await rig.recorder.flush(1)
      await eventually('the outage is noticed', () => rig.recorder.state === 'down')
      assert.ok(rig.recorder.pending > 5_000, `${rig.recorder.pending} records wait`)
      await rig.proxy.restore()
      await assertStored(rig, calls)
    })

    it('when the database takes five seconds for each query', async (t) => {
      const rig = await start(t, await databases.create(t))
      await rig.pool.query(`create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(5); return null; end $$`)
      await rig.pool.query('create trigger slow after insert on spool_cursors execute function slow()')
      rig.recorder.start()
      const calls = someCalls()
      playAll(rig, calls, 0, 6_000)
      await eventually('the first batch is on its way', () => isBusy(rig.pool))
      playAll(rig, calls, 6_000)
      await assertStored(rig, calls)
      assert.deepEqual(rig.logs.of('store.failed'), [], 'slow is not down')
    })

    it('when the database takes no more than a few records at a time', async (t) => {
      const rig = await start(t, await databases.create(t), { statementTimeoutMs: 500 })
      await rig.pool.query(`create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.15); return new; end $$`)
      await rig.pool.query('create trigger slow before insert on turns for each row execute function slow()')
      rig.recorder.start()
      const calls = [telling(3), telling(3, 500)]
      playAll(rig, calls)
      await assertStored(rig, calls)
      assert.equal(rig.logs.of('store.failed')[0]?.code, '57014')
    })

    it('when the disk is full for a while', async (t) => {
      const disk = fullDisk()
      const rig = await start(t, await databases.create(t), { openFile: disk.open })
      rig.recorder.start()
      const calls = someCalls()
      playAll(rig, calls, 0, 5_000)
      assert.ok(await rig.recorder.flush(FLUSH_MS))
      disk.fill()
      playAll(rig, calls, 5_000, 12_000)
      await eventually('the log is loud', () => rig.logs.of('spool.failed').length > 0)
      const [line] = rig.logs.of('spool.failed')
      assert.deepEqual([line?.level, line?.code], ['error', 'ENOSPC'])
      assert.match(String(line?.advice), /Make room on the disk of DATA_DIR/)
      assert.ok(await rig.recorder.flush(FLUSH_MS), 'the database has them all the same')
      assert.ok(rig.recorder.diskRefusals > 0)
      playAll(rig, calls, 12_000, 15_000)
      disk.empty()
      playAll(rig, calls, 15_000)
      await assertStored(rig, calls)
      assert.deepEqual(rig.faults, [], 'no call has felt any of it')
      assert.equal(rig.logs.of('spool.recovered').length, 1)
    })

    it('when the disk is full and the database down, as long as memory lasts', async (t) => {
      const disk = fullDisk()
      const rig = await start(t, await databases.create(t), { openFile: disk.open })
      rig.recorder.start()
      const calls = someCalls()
      playAll(rig, calls, 0, 5_000)
      await rig.proxy.cut()
      disk.fill()
      playAll(rig, calls, 5_000)
      await eventually('the log is loud', () => rig.logs.of('spool.failed').length > 0)
      await eventually('the outage is noticed', () => rig.recorder.state === 'down')
      await rig.proxy.restore()
      await assertStored(rig, calls)
      assert.deepEqual(rig.faults, [])
    })

    it('when the process stops without a database, and the next one finds what it left', async (t) => {
      const database = await databases.create(t)
      const before = await start(t, database)
      before.recorder.start()
      const calls = someCalls()
      playAll(before, calls, 0, 7_000)
      assert.ok(await before.recorder.flush(FLUSH_MS))
      await before.proxy.cut()
      playAll(before, calls, 7_000)
      await before.recorder.close(0)
      assert.equal(before.logs.of('spool.left').length, 1)
      assert.deepEqual(before.logs.of('store.lost'), [])

      const after = await start(t, database, { folder: before.folder })
      await after.recorder.storeLeft(0)
      after.recorder.start()
      const more = [telling(3)]
      playAll(after, more)
      await assertStored(after, [...calls, ...more])
      const { rows } = await database.pool.query('select * from spool_cursors')
      assert.equal(rows.length, 1, 'nothing is remembered of the spool that is gone')
    })

    it('when a crash leaves on disk what the database has already: it is not stored again', async (t) => {
      const database = await databases.create(t)
      const before = await start(t, database)
      before.recorder.start()
      const calls = someCalls()
      playAll(before, calls, 0, 9_000)
      assert.ok(await before.recorder.flush(FLUSH_MS))
      await before.proxy.cut()
      playAll(before, calls, 9_000)
      await before.recorder.flush(200)
      // What a crash leaves: the files as they are.
      const folder = await mkdtemp(path.join(tmpdir(), 'offhook-crashed-'))
      defer(t, () => rm(folder, { recursive: true, force: true }))
      await cp(before.folder, folder, { recursive: true })
      const first = calls[0] as ToldCall
      const gone = await database.pool.query(
        "delete from call_events where call_id = $1 and type = 'call.initiated' returning 1",
        [first.call.callId]
      )
      assert.equal(gone.rowCount, 1)

      const after = await start(t, database, { folder })
      await after.recorder.storeLeft(0)
      after.recorder.start()
      const script = first.script.filter(([, { type }]) => type !== 'call.initiated')
      await assertStored(after, [{ call: first.call, script }, ...calls.slice(1)])
    })

    it('logs what neither disk nor database took, without words or numbers of the caller', async (t) => {
      const disk = fullDisk()
      const rig = await start(t, await databases.create(t), { openFile: disk.open })
      rig.recorder.start()
      await rig.proxy.cut()
      disk.fill()
      const { call, script } = telling(1)
      playAll(rig, [{ call, script }])
      await rig.recorder.close(100)
      const lines = rig.logs.of('store.lost')
      assert.deepEqual(
        lines.map(({ callId, operation }) => [callId, operation]),
        script.map(([, { type }]) => [call.callId, type])
      )
      assert.deepEqual(lines.at(-1)?.reason, 'caller_hung_up')
      assert.doesNotMatch(JSON.stringify(rig.logs.lines), /ünïcode|5550123|5550100/)
    })
  })
})

/** A disk that can be filled: what is written then is refused, sometimes after a part of it. */
function fullDisk() {
  let isFull = false
  let refusals = 0
  const openFile: typeof open = async (...args) => {
    const handle = await open(...args)
    const write = handle.write.bind(handle) as (text: string) => Promise<{ bytesWritten: number }>
    const taken = async (text: string) => {
      if (!isFull) return write(text)
      refusals += 1
      if (refusals % 2 === 1) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      const part = Buffer.from(text)
        .subarray(0, Math.floor(text.length / 2))
        .toString('latin1')
      await write(part)
      return { bytesWritten: part.length }
    }
    return Object.assign(handle, { write: taken })
  }
  return {
    open: openFile,
    fill: () => {
      isFull = true
    },
    empty: () => {
      isFull = false
    }
  }
}
