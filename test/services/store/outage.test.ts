import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../services/clock.ts'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { checkVersion, openDatabase } from '../../../services/store/database.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { Store } from '../../../services/store/store.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import { capture, defer, eachDatabase, eventually, type TestDatabase } from '../../support/databases.ts'
import { testProfile } from '../../support/session-rig.ts'
import { openProxy } from '../../support/tcp-proxy.ts'
import { BY_THE_MINUTE, createRecorderRig, ended, inboundCall, NOON, turn } from './recorder-rig.ts'

const agent = { ...testProfile, id: 'default' }

async function throughProxy(t: TestContext, { url }: TestDatabase, isCut = false) {
  const proxy = await openProxy(url)
  if (isCut) await proxy.cut()
  const database = await openDatabase({ databaseUrl: proxy.url, dataDir: '', log: capture().log })
  defer(t, async () => {
    await proxy.close()
    await database.close()
  })
  return { proxy, database }
}

function createStore(
  t: TestContext,
  database: TestDatabase | Awaited<ReturnType<typeof openDatabase>>,
  dataDir = mkdtempSync(path.join(tmpdir(), 'offhook-store-'))
) {
  const logs = capture()
  const events = createCallEvents({ now: () => NOON, onListenerError: assert.ifError })
  const store = new Store({
    database,
    dataDir,
    events,
    clock: systemClock,
    log: logs.log,
    replicaId: 'a',
    defaultAgent: agent,
    prices: new PriceBook([]),
    rounding: BY_THE_MINUTE
  })
  defer(t, () => rmSync(dataDir, { recursive: true, force: true }))
  defer(t, () => store.close(0))
  return { store, events, logs, dataDir }
}

eachDatabase((databases) => {
  describe('database out of reach', () => {
    it('keeps what happens and writes it in order when the database is back', async (t) => {
      const { proxy, database } = await throughProxy(t, await databases.create(t))
      await migrate(database.pool, capture().log)
      const { recorder, store, play, logs } = createRecorderRig(t, database)
      recorder.start()
      const calls = Array.from({ length: 8 }, inboundCall)
      for (const call of calls)
        play(call, [
          [0, { type: 'call.initiated' }],
          [10, { type: 'call.answered' }]
        ])
      assert.ok(await recorder.flush(10_000))

      await proxy.cut()
      for (const call of calls) {
        play(call, [
          [20, { type: 'turn.completed', turn: turn(1), revised: false }],
          [30, ended(NOON + 10, 20)]
        ])
      }
      await eventually('the outage is logged', () => logs.of('store.failed').length > 0)
      assert.equal(recorder.pending, 16)
      assert.equal(await recorder.flush(50), false)

      await proxy.restore()
      assert.ok(await recorder.flush(20_000))
      assert.equal(recorder.pending, 0)
      for (const call of calls) {
        const found = await store.findCall(call.callId)
        assert.equal(found?.status, 'ended')
        assert.equal(found?.usage.minutes?.minutes, 1)
        assert.deepEqual(
          found?.events.map(({ type }) => type),
          ['call.initiated', 'call.answered', 'turn.completed', 'call.ended']
        )
      }
      assert.equal(logs.of('store.failed').length, 1)
      assert.match(String(logs.of('store.failed')[0]?.advice), /host and port of DATABASE_URL/)
      assert.equal(logs.of('store.recovered').length, 1)
    })

    it('starts without its database, says what to do, and catches up when it appears', async (t) => {
      const { proxy, database } = await throughProxy(t, await databases.create(t), true)
      const { store, events, logs } = createStore(t, database)
      const call = inboundCall()
      events.publish(call, { type: 'call.initiated' })
      await eventually('a line tells', () => logs.of('store.failed').length > 0)
      const [line] = logs.of('store.failed')
      assert.equal(line?.code, 'ECONNREFUSED')
      assert.match(String(line?.database), /^127\.0\.0\.1:\d+\/offhook_test_/)
      assert.equal(store.ready, false)
      assert.deepEqual(await store.agentForNumber('+15550100'), agent)

      await proxy.restore()
      assert.equal(await store.whenReady(), true)
      assert.ok(await store.recorder.flush(10_000))
      assert.equal((await store.calls.findCallRow(call.callId))?.status, 'initiated')
      assert.equal(logs.of('store.recovered').length, 1)
    })

    it('lets who answered a number last answer it in a new process too, which starts without its database', async (t) => {
      const { proxy, database } = await throughProxy(t, await databases.create(t))
      const before = createStore(t, database)
      await before.store.whenReady()
      await before.store.calls.seedAgent({ ...agent, id: 'sales', name: 'Sales' })
      await database.pool.query("insert into numbers (e164, agent_id) values ('+15550100', 'sales')")
      await before.store.rememberAgents()
      await before.store.close(0)
      await proxy.cut()
      const { store } = createStore(t, database, before.dataDir)
      assert.equal((await store.agentForNumber('+15550100')).name, 'Sales')
      assert.equal((await store.agentForNumber('+15550142')).id, 'default')
      assert.equal((await store.agentById('sales'))?.name, 'Sales')
      assert.equal(await store.agentById('nobody'), null)
      assert.equal(store.health.state, 'down')
    })

    it('lets who answered a number last answer it again', async (t) => {
      const { proxy, database } = await throughProxy(t, await databases.create(t))
      const { store } = createStore(t, database)
      await store.whenReady()
      await store.calls.seedAgent({ ...agent, id: 'sales', name: 'Sales' })
      await database.pool.query("insert into numbers (e164, agent_id) values ('+15550100', 'sales')")
      assert.equal((await store.agentForNumber('+15550100')).id, 'sales')
      assert.equal((await store.agentForNumber('+15550199')).id, 'default')
      await proxy.cut()
      assert.equal((await store.agentForNumber('+15550100')).id, 'sales')
      assert.equal((await store.agentForNumber('+15550142')).id, 'default')
    })
  })
})

describe('external database', () => {
  it('refuses a server older than PostgreSQL 14', async (t) => {
    const { pool } = await openDatabase({
      databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
      dataDir: '',
      log: capture().log
    })
    defer(t, () => pool.end())
    t.mock.method(pool, 'query', async () => ({ rows: [{ version: '130018' }] }))
    await assert.rejects(checkVersion(pool), /PostgreSQL 13; Offhook needs 14 or newer/)
  })

  it('refuses an address that is none, without repeating it', async () => {
    const opening = openDatabase({
      databaseUrl: 'postgres://user:hunter2@host:nine/x',
      dataDir: '',
      log: capture().log
    })
    await assert.rejects(opening, (error: Error) => {
      assert.match(error.message, /DATABASE_URL is not an address/)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  })
})
