import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import type { Database } from '../../../services/store/database.ts'
import { Store } from '../../../services/store/store.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import type { AgentProfile } from '../../../sessions/contracts/agent-profile.ts'
import { capture, defer, eachDatabase } from '../../support/databases.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { testProfile } from '../../support/session-rig.ts'
import { BY_THE_MINUTE, ended, inboundCall, NOON } from './recorder-rig.ts'

async function openStore(...parts: Parameters<typeof beginStore>) {
  const opened = await beginStore(...parts)
  assert.ok(await opened.store.whenReady())
  return opened
}

/** One that is about to get the database ready. */
async function beginStore(
  t: TestContext,
  database: Database,
  replicaId = 'a',
  defaultAgent: AgentProfile = testProfile
) {
  const logs = capture()
  const clock = new ManualClock(NOON)
  const events = createCallEvents({ now: () => clock.now(), onListenerError: assert.ifError })
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-store-'))
  const store = new Store({
    database,
    dataDir,
    events,
    clock,
    log: logs.log,
    replicaId,
    defaultAgent,
    prices: new PriceBook([]),
    rounding: BY_THE_MINUTE
  })
  defer(t, () => rm(dataDir, { recursive: true, force: true }))
  defer(t, () => store.close(0))
  return { store, events, clock, logs }
}

eachDatabase((databases) => {
  describe('calls left open by a crash', () => {
    const insertCall = async (
      { pool }: Database,
      row: { replica: string; status: string; initiated: number; answered?: number; heartbeat?: number }
    ) => {
      const at = (seconds?: number) => (seconds === undefined ? null : new Date(NOON + seconds * 1_000))
      const id = randomUUID()
      await pool.query(
        `insert into calls (id, carrier, carrier_call_id, direction, to_number, agent_id, status, replica_id,
           initiated_at, answered_at, last_heartbeat_at)
         values ($1, 'telnyx', 'x', 'inbound', '+15550100', 'default', $2, $3, $4, $5, $6)`,
        [id, row.status, row.replica, at(row.initiated), at(row.answered), at(row.heartbeat)]
      )
      return id
    }

    it('are closed up to their last heartbeat, with estimated minutes', async (t) => {
      const database = await databases.create(t)
      const before = await openStore(t, database)
      await before.store.close(0)
      const id = await insertCall(database, {
        replica: 'a',
        status: 'live',
        initiated: -95,
        answered: -90,
        heartbeat: -10
      })
      const { store, logs } = await openStore(t, database)
      const call = await store.calls.findCall(id)
      assert.equal(call?.status, 'ended')
      assert.equal(call?.end_reason, 'server_lost')
      assert.deepEqual(call?.ended_at, new Date(NOON - 10_000))
      assert.equal(call?.duration_seconds, 80)
      const { seconds, minutes, estimated, number } = call?.usage.minutes ?? {}
      assert.deepEqual(
        { seconds, minutes, estimated, number },
        {
          seconds: 80,
          minutes: 2,
          estimated: true,
          number: '+15550100'
        }
      )
      assert.deepEqual(logs.of('store.orphans_closed')[0]?.calls, [id])
    })

    it('of other replicas are closed once they have been silent for a minute, and not before', async (t) => {
      const database = await databases.create(t)
      const { store } = await openStore(t, database)
      const open = { status: 'live', initiated: -300, answered: -200 }
      const own = await insertCall(database, { ...open, replica: 'a', heartbeat: -90 })
      const silent = await insertCall(database, { ...open, replica: 'b', heartbeat: -61 })
      const lively = await insertCall(database, { ...open, replica: 'b', heartbeat: -59 })
      const ringing = await insertCall(database, { replica: 'b', status: 'initiated', initiated: -120 })
      const rangOut = await insertCall(database, { replica: 'b', status: 'initiated', initiated: -301 })
      const close = (scope: 'all' | 'boot' | 'others') => store.closeOrphans(scope).then((ids) => ids.sort())
      assert.deepEqual(await close('others'), [silent, rangOut].sort())
      assert.deepEqual(await close('boot'), [own])
      assert.deepEqual(await close('all'), [lively, ringing].sort())
      const neverAnswered = await store.calls.findCall(rangOut)
      assert.equal(neverAnswered?.status, 'failed')
      assert.equal(neverAnswered?.usage.minutes, null)
    })

    it('are corrected by their true end when the replica was only cut off', async (t) => {
      const database = await databases.create(t)
      const { store, events, clock } = await openStore(t, database)
      const call = inboundCall()
      events.publish(call, { type: 'call.initiated' })
      events.publish(call, { type: 'call.answered' })
      assert.ok(await store.recorder.flush(10_000))
      clock.advance(61_000)
      const other = await openStore(t, database, 'b')
      other.clock.advance(61_000)
      assert.deepEqual(await other.store.closeOrphans('others'), [call.callId])
      assert.equal((await store.calls.findCall(call.callId))?.usage.minutes?.estimated, true)
      clock.advance(64_000)
      events.publish(call, ended(NOON, 125_000))
      assert.ok(await store.recorder.flush(10_000))
      const corrected = await store.calls.findCall(call.callId)
      assert.equal(corrected?.end_reason, 'caller_hung_up')
      const { seconds, minutes, estimated } = corrected?.usage.minutes ?? {}
      assert.deepEqual({ seconds, minutes, estimated }, { seconds: 125, minutes: 3, estimated: false })
    })
  })

  describe('agents', () => {
    it('have a default from the start, which a later start leaves as the operator made it', async (t) => {
      const database = await databases.create(t)
      const { store } = await openStore(t, database)
      assert.deepEqual(await store.agentForNumber('+15550100'), testProfile)
      await database.pool.query("update agents set greeting = 'Good day.' where id = 'default'")
      await store.close(0)
      const again = await openStore(t, database, 'a', { ...testProfile, greeting: 'Hi.' })
      assert.equal((await again.store.agentForNumber(null)).greeting, 'Good day.')
    })

    it('have it also while it is not in the database yet', async (t) => {
      const database = await databases.create(t)
      const before = await openStore(t, database)
      await before.store.close(0)
      await database.pool.query('delete from agents')
      const holder = await database.pool.connect()
      await holder.query('begin; lock table agents in share row exclusive mode')
      const { store } = await beginStore(t, database)
      try {
        assert.deepEqual(await store.agentById(testProfile.id), testProfile)
        assert.equal(await store.agentById('nobody'), null)
      } finally {
        await holder.query('rollback')
        holder.release()
      }
      assert.ok(await store.whenReady())
      await database.pool.query('delete from agents')
      assert.equal(await store.agentById(testProfile.id), null)
    })

    it('answer the numbers that they were given, and the default one answers the rest', async (t) => {
      const database = await databases.create(t)
      const { store } = await openStore(t, database)
      const sales: AgentProfile = {
        ...testProfile,
        id: 'sales',
        engine: 'realtime',
        voice: 'cedar',
        maxCallSeconds: 60
      }
      await store.calls.seedAgent(sales)
      await database.pool.query("insert into numbers (e164, agent_id) values ('+15550100', 'sales')")
      assert.deepEqual(await store.agentForNumber('+15550100'), sales)
      assert.equal((await store.agentForNumber('+15550101')).id, 'default')
      assert.deepEqual(await store.calls.findAgent('sales'), sales)
      assert.equal(await store.calls.findAgent('nobody'), null)
    })
  })

  describe('calls', () => {
    it('are found by our id and by the carrier’s, and not by another', async (t) => {
      const { store, events } = await openStore(t, await databases.create(t))
      const call = inboundCall()
      events.publish(call, { type: 'call.initiated' })
      assert.ok(await store.recorder.flush(10_000))
      assert.equal((await store.calls.findCall(call.callId))?.id, call.callId)
      assert.equal((await store.calls.findCall(call.carrierCallId))?.id, call.callId)
      assert.equal(await store.calls.findCall(randomUUID()), null)
      assert.equal(await store.calls.findCall("' or true --"), null)
    })

    it('are listed newest first, page by page, live and ended apart', async (t) => {
      const { store, events, clock } = await openStore(t, await databases.create(t))
      const calls = Array.from({ length: 5 }, inboundCall)
      for (const [index, call] of calls.entries()) {
        // The first two began in the same millisecond.
        if (index > 1) clock.advance(1_000)
        events.publish(call, { type: 'call.initiated' })
        if (index < 2) events.publish(call, ended(null, 0))
      }
      assert.ok(await store.recorder.flush(10_000))
      const seen: string[] = []
      let before: string | null = null
      do {
        const page: Awaited<ReturnType<typeof store.calls.listCalls>> = await store.calls.listCalls({
          status: null,
          limit: 2,
          before
        })
        seen.push(...page.data.map(({ id }) => id))
        before = page.next
      } while (before !== null)
      const ids = calls.map(({ callId }) => callId)
      assert.deepEqual(seen.slice(0, 3), ids.slice(2).reverse())
      assert.deepEqual(seen.slice(3).sort(), ids.slice(0, 2).sort())
      const list = async (status: 'live' | 'ended') =>
        (await store.calls.listCalls({ status, limit: 10, before: null })).data.map(({ id }) => id)
      assert.deepEqual(await list('live'), ids.slice(2).reverse())
      assert.deepEqual((await list('ended')).sort(), ids.slice(0, 2).sort())
    })
  })
})
