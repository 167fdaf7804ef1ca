import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { migrate } from '../../../services/store/migrations.ts'
import type { CallEvent } from '../../../sessions/contracts/call-events.ts'
import { capture, defer, eachDatabase, type TestDatabase } from '../../support/databases.ts'
import { createRecorderRig, ended, inboundCall, NOON, turn } from './recorder-rig.ts'

const root = path.join(import.meta.dirname, '../../..')
const page = readFileSync(path.join(root, 'docs/reporting.md'), 'utf8')
const queries = [...page.matchAll(/\n(\S[^\n]*)\n\n```sql\n(.*?)```/gs)].map(([, question, sql]) => ({
  question,
  sql
}))
const role = readFileSync(path.join(root, 'services/store/reporting-role.sql'), 'utf8')

const price = { provider: 'openai', model: 'm', unit: 'text_input_token', usd: 1, per: 1000 }
const prices = new PriceBook([{ date: '2026-01-01', prices: [price] }])

/** Two calls of a minute and a half on a day of February; the carrier counts the second of them three seconds longer. */
async function twoCalls(t: Parameters<typeof createRecorderRig>[0], database: TestDatabase) {
  await migrate(database.pool, capture().log)
  await database.pool.query(
    "insert into agents (id, name, instructions, greeting) values ('default', 'Receptionist', 'secret', '')"
  )
  const { recorder, play } = createRecorderRig(t, database, { prices })
  recorder.start()
  const record = {
    provider: 'openai',
    model: 'm',
    kind: 'llm',
    unit: 'text_input_token',
    quantity: 300
  } as const
  for (const index of [0, 1]) {
    const call = { ...inboundCall(), carrier: 'twilio' as const, carrierCallId: `CA${index}` }
    const hangup: CallEvent = {
      ...{ type: 'carrier.event', name: 'call.completed', eventId: `e-${index}`, occurredAt: NOON },
      payload: { CallDuration: String(90 + 3 * index) }
    } as CallEvent
    const slow = turn(1, {
      latency: { responseMs: 900 + index, endpointMs: 300, engineMs: 500 + index, playoutMs: 100 }
    })
    play(call, [
      [index, { type: 'call.initiated' }],
      [1_000, { type: 'call.answered' }],
      [4_000, { type: 'turn.completed', turn: turn(0), revised: false }],
      [9_000, { type: 'turn.completed', turn: slow, revised: false }],
      [10_000, { type: 'usage', records: [record, { ...record, unit: 'second', quantity: 2 }] }],
      [91_000, ended(NOON + 1_000, 90_000)],
      [92_000, hangup]
    ])
  }
  assert.ok(await recorder.flush(10_000))
}

/** What the queries of the page answer of them, in the order of the page. */
const ANSWERS = [
  [['2', '4', '0.6', '6']],
  [['2026-02-01', '2', '4', '3.00', '0.6']],
  [['default', 'Receptionist', '4', '0.1500']],
  [
    ['openai', 'm', 'text_input_token', '600', '0.6'],
    ['openai', 'm', 'second', '4', null],
    ['twilio', 'media_stream', 'minute', '4', null],
    ['twilio', 'voice_inbound', 'minute', '4', null]
  ],
  [
    ['openai', 'm', 'second', '2', '2026-02-01'],
    ['twilio', 'media_stream', 'minute', '2', '2026-02-01'],
    ['twilio', 'voice_inbound', 'minute', '2', '2026-02-01']
  ],
  [['12', '2', '900.95', '300', '501', '100']],
  [
    ['901', '501', 'question 1'],
    ['900', '500', 'question 1']
  ],
  [['caller_hung_up', '2', '90']],
  [['CA1', '90', '93']],
  [
    ['1', 'agent', 'reply 0', 'false'],
    ['2', 'caller', 'question 1', 'false'],
    ['3', 'agent', 'reply 1', 'false']
  ]
]

eachDatabase((databases) => {
  it('the ten queries of docs/reporting.md answer, for a login that can do no more than read', async (t) => {
    const database = await databases.create(t)
    await twoCalls(t, database)
    const client = await database.pool.connect()
    defer(t, () => client.release(true))
    await client.query(role)
    await client.query(role)
    await client.query("set role offhook_reader; set time zone 'UTC'")
    assert.equal(queries.length, 10)
    for (const [index, { question, sql }] of queries.entries()) {
      const rows = (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][]
      // The last column of the slowest replies is the id of a call.
      const texts = rows.map((row) => row.slice(0, ANSWERS[index]?.[0]?.length).map(asText))
      assert.deepEqual(
        texts,
        ANSWERS[index]?.map((row) => row.map(numberless)),
        question
      )
    }
    for (const forbidden of [
      'select instructions from agents',
      'delete from calls',
      'select * from spool_cursors'
    ])
      await assert.rejects(client.query(forbidden), { code: '42501' }, forbidden)
  })
})

/** `3.00` and `3` are the same figure. */
function numberless(value: string | null): string | null {
  return value !== null && /^-?\d+\.\d+$/.test(value) ? String(Number(value)) : value
}

function asText(value: unknown): string | null {
  return value === null ? null : numberless(String(value))
}
