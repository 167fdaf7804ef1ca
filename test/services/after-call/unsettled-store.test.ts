import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UnsettledStore } from '../../../services/after-call/unsettled-store.ts'
import { DEFAULT_AGENT } from '../../../services/default-agent.ts'
import { AgentStore } from '../../../services/store/agent-store.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { capture, eachDatabase } from '../../support/databases.ts'
import { endedCall } from './after-calls-rig.ts'

const SOON = { endedBefore: Date.now() + 3_600_000, limit: 10 }

eachDatabase((databases) => {
  it('settles a call once, also where two replicas look at the same time', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    await endedCall(pool)
    const store = new UnsettledStore(pool)
    const found = Promise.withResolvers<void>()
    const both = Promise.withResolvers<void>()
    const first = store.settle(SOON, async () => {
      found.resolve()
      await both.promise
    })
    await found.promise
    const second = await store.settle(SOON, async () => assert.fail('the other has it'))
    both.resolve()
    assert.deepEqual([await first, second, await store.settle(SOON, async () => {})], [1, 0, 0])
  })

  it('leaves a call unsettled where what is to follow could not be put in hand', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const callId = await endedCall(pool)
    const store = new UnsettledStore(pool)
    const fault = new Error('no queue')
    await assert.rejects(
      store.settle(SOON, async () => {
        throw fault
      }),
      fault
    )
    const followed: string[] = []
    await store.settle(SOON, async (call) => void followed.push(call.callId))
    assert.deepEqual(followed, [callId])
  })

  it('leaves calls alone that are live, or have only just ended', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const live = await endedCall(pool)
    await pool.query("update calls set status = 'live', ended_at = null where id = $1", [live])
    await endedCall(pool)
    const store = new UnsettledStore(pool)
    assert.equal(await store.settle({ endedBefore: Date.now() - 60_000, limit: 10 }, async () => {}), 0)
    assert.equal(await store.settle(SOON, async () => {}), 1)
  })

  it("tells what the call's agent wants done about it", async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const analysis = { summary: true, schema: null, successCriteria: null }
    const webhookUrl = 'https://example.com/sales'
    await new AgentStore(pool).create('sales', { ...DEFAULT_AGENT, analysis, webhookUrl, language: 'fr' })
    const callId = await endedCall(pool, { agentId: 'sales' })
    const gone = await endedCall(pool, { agentId: 'gone' })
    const store = new UnsettledStore(pool)
    const found = await store.find(callId)
    assert.deepEqual([found?.analysis, found?.webhookUrl, found?.language], [analysis, webhookUrl, 'fr'])
    assert.equal(found?.call.carrierCallId, `v3:${callId}`)
    const orphan = await store.find(gone)
    assert.deepEqual([orphan?.analysis, orphan?.webhookUrl, orphan?.language], [null, null, 'en'])
  })
})
