import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import type pg from 'pg'
import { DEFAULT_AGENT } from '../../../services/default-agent.ts'
import { AgentStore } from '../../../services/store/agent-store.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { WebhookReceiver } from '../../standins/webhook-receiver.ts'
import { capture, defer, eachDatabase, eventually, type TestDatabases } from '../../support/databases.ts'
import { type AfterCallsRigOptions, createAfterCallsRig, endedCall } from './after-calls-rig.ts'

interface Told {
  readonly call: { id: string; from_number: string; end_reason: string; duration_seconds: number }
  readonly transcript: readonly { speaker: string; heard_text: string }[]
  readonly usage: { minutes: { minutes: number } | null; cost_usd: number | null; unpriced_items: number }
  readonly recording: { url: string } | null
  readonly analysis: object | null
}

const attempts = (pool: pg.Pool, count: number) =>
  eventually(`${count} attempts`, async () => {
    const { rows } = await pool.query('select * from webhook_deliveries order by attempted_at')
    return rows.length >= count ? rows : null
  })

eachDatabase((databases: TestDatabases) => {
  async function prepare(test: TestContext) {
    const { pool } = await databases.create(test)
    await migrate(pool, capture().log)
    await new AgentStore(pool).create('default', DEFAULT_AGENT)
    const receiver = new WebhookReceiver()
    await receiver.listen()
    defer(test, () => receiver.close())
    const rig = (options: Partial<AfterCallsRigOptions> = {}) =>
      createAfterCallsRig(test, { pool, receiver, ...options })
    return { pool, receiver, rig }
  }

  it('tells the webhook of a call, signed, with what there is to tell', async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    const callId = await endedCall(pool)
    await pool.query("update calls set recording_path = 'recordings/x.wav' where id = $1", [callId])
    const { afterCalls, links } = rig()
    await afterCalls.start()
    const [attempt] = await attempts(pool, 1)
    assert.deepEqual(
      [attempt.delivered, attempt.status_code, attempt.attempt, attempt.error, attempt.replay],
      [true, 200, 1, null, false]
    )
    const [{ type, timestamp, data }] = receiver.taken
    assert.equal(type, 'call.ended')
    assert.ok(Date.parse(timestamp) <= Date.now())
    const { call, transcript, usage, recording, analysis } = data as unknown as Told
    assert.deepEqual(
      [call.id, call.from_number, call.end_reason, call.duration_seconds],
      [callId, '+15550001111', 'caller_hung_up', 60]
    )
    assert.deepEqual(
      transcript.map(({ speaker, heard_text }) => [speaker, heard_text]),
      [
        ['agent', 'Hello, how can I help?'],
        ['caller', 'A table for two on Friday.']
      ]
    )
    assert.deepEqual([usage.minutes?.minutes, usage.cost_usd, usage.unpriced_items], [1, null, 0])
    assert.equal(analysis, null)
    const link = new URL(recording?.url ?? '')
    assert.equal(link.pathname, `/api/calls/${callId}/recording`)
    const query = Object.fromEntries(link.searchParams)
    assert.ok(links.accepts(callId, query.expires, query.signature))
  })

  it('tells it again until it is taken, always under the same id', async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    const callId = await endedCall(pool)
    receiver.answers.push(503, null)
    await rig().afterCalls.start()
    const rows = await attempts(pool, 3)
    assert.deepEqual(
      rows.map(({ attempt, status_code, error, delivered }) => [attempt, status_code, error, delivered]),
      [
        [1, 503, null, false],
        [2, null, 'UND_ERR_SOCKET', false],
        [3, 200, null, true]
      ]
    )
    assert.deepEqual(new Set(receiver.received.map(({ id }) => id)), new Set([`call_ended_${callId}`]))
  })

  it('loses nothing with a process, and tells nothing twice because there are two', async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    const callIds = await Promise.all(Array.from({ length: 8 }, () => endedCall(pool)))
    // The first finds the calls, tells of none of them, and is gone.
    const first = rig({ webhookUrl: 'http://127.0.0.1:9/' })
    await first.afterCalls.start()
    await attempts(pool, 1)
    await first.close()
    const [one, two] = [rig(), rig()]
    await Promise.all([one.afterCalls.start(), two.afterCalls.start()])
    callIds.push(await endedCall(pool))
    await eventually('the calls of before', () => receiver.received.length >= 8)
    await one.close()
    await two.close()
    await rig().afterCalls.start()
    await eventually('the last call', () => receiver.received.length >= 9)
    assert.deepEqual(
      receiver.taken.map(({ data }) => (data.call as { id: string }).id).toSorted(),
      callIds.toSorted()
    )
  })

  it('gives a webhook up that is gone or leads elsewhere, and tells it again when it is asked to', async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    const callId = await endedCall(pool)
    receiver.answers.push(302, 410)
    const { afterCalls, deliveries, logs, replay } = rig()
    await afterCalls.start()
    const rows = await attempts(pool, 2)
    assert.deepEqual(
      rows.map(({ status_code }) => status_code),
      [302, 410]
    )
    assert.deepEqual(
      receiver.received.map(({ path }) => path),
      ['/hook', '/hook']
    )
    await eventually('giving up', () => logs.of('webhook.given_up')[0])
    await replay(rows[1].id, callId)
    const again = (await attempts(pool, 3))[2]
    assert.deepEqual([again.delivered, again.replay, again.attempt], [true, true, 3])
    const page = await deliveries.list({ callId, limit: 2, before: null })
    assert.deepEqual(
      page.data.map(({ attempt }) => attempt),
      [3, 2]
    )
    const next = await deliveries.list({ callId, limit: 2, before: page.next })
    assert.deepEqual([next.data.map(({ attempt }) => attempt), next.next], [[1], null])
  })

  it('tells a webhook for a day, and then gives it up', async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    receiver.answers.push(500, 500, 500)
    await endedCall(pool)
    const first = rig()
    await first.afterCalls.start()
    await attempts(pool, 1)
    await first.close()
    assert.deepEqual(first.logs.of('webhook.given_up'), [])
    const { afterCalls, logs } = rig({ aheadMs: 24 * 60 * 60_000 + 60_000 })
    await afterCalls.start()
    await eventually('giving up', () => logs.of('webhook.given_up')[0])
    assert.equal(receiver.received.length, 2)
  })

  it("tells an agent's own webhook in place of the server's, and of calls that nobody answered too", async (t) => {
    const { pool, receiver, rig } = await prepare(t)
    const webhookUrl = receiver.url.replace('/hook', '/sales')
    await new AgentStore(pool).create('sales', { ...DEFAULT_AGENT, webhookUrl })
    await endedCall(pool, { agentId: 'sales', answered: false })
    await rig({ webhookUrl: null }).afterCalls.start()
    await attempts(pool, 1)
    assert.equal(receiver.received[0].path, '/sales')
    const { transcript, usage } = receiver.taken[0].data as unknown as Told
    assert.deepEqual([transcript, usage.minutes], [[], null])
  })

  it('makes no queue where nobody wants to be told', async (t) => {
    const { pool, rig } = await prepare(t)
    const callId = await endedCall(pool)
    await rig({ webhookUrl: null }).afterCalls.start()
    await eventually('the call to be settled', async () => {
      const { rows } = await pool.query('select settled_at from calls where id = $1', [callId])
      return rows[0].settled_at
    })
    const { rows } = await pool.query("select to_regnamespace('pgboss') as made")
    assert.equal(rows[0].made, null)
  })
})
