import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { migrate } from '../../../services/store/migrations.ts'
import { capture, eachDatabase } from '../../support/databases.ts'

/** What users and outside checks rely on. Columns may be added beside these, never renamed. */
const CONTRACT: Record<string, string> = {
  calls:
    'id carrier carrier_call_id direction from_number to_number agent_id status end_reason initiated_at answered_at ' +
    'ended_at duration_seconds stream_codec stream_sample_rate engine replica_id last_heartbeat_at recording_path',
  call_events: 'call_id type event_id occurred_at payload',
  turns:
    'call_id turn_index speaker said_text heard_text interrupted started_at ended_at response_ms endpoint_ms ' +
    'engine_ms playout_ms',
  usage_minutes: 'call_id agent_id number direction started_at ended_at seconds minutes estimated',
  usage_items: 'call_id provider model kind unit quantity cost_usd price_date',
  agents: 'id name instructions greeting voice engine language tools end_call_phrases max_call_seconds',
  numbers: 'e164 agent_id',
  products: 'id sku name description price currency in_stock',
  usage_by_day: 'day calls minutes seconds cost_usd',
  usage_by_month: 'month calls minutes seconds cost_usd',
  usage_by_agent: 'agent_id calls minutes seconds cost_usd',
  usage_by_number: 'number calls minutes seconds cost_usd',
  call_costs: 'call_id cost_usd unpriced_items',
  turn_latency_by_hour: 'hour turns p50_response_ms p95_response_ms p99_response_ms'
}

const MIGRATIONS = readdirSync(path.join(import.meta.dirname, '../../../services/store/migrations'))
  .map((file) => path.basename(file, '.sql'))
  .sort()

const TYPES: Record<string, string> = {
  'calls.id': 'uuid',
  'calls.initiated_at': 'timestamp with time zone',
  'calls.answered_at': 'timestamp with time zone',
  'calls.ended_at': 'timestamp with time zone',
  'calls.last_heartbeat_at': 'timestamp with time zone',
  'calls.duration_seconds': 'numeric',
  'call_events.payload': 'jsonb',
  'call_events.occurred_at': 'timestamp with time zone',
  'usage_minutes.seconds': 'numeric',
  'usage_minutes.estimated': 'boolean',
  'usage_items.cost_usd': 'numeric',
  'products.price': 'numeric',
  'call_costs.cost_usd': 'numeric',
  'turn_latency_by_hour.hour': 'timestamp with time zone'
}

const END_REASONS = [
  'caller_hung_up',
  'agent_hung_up',
  'operator',
  'transferred',
  'silence',
  'max_length',
  'media_lost',
  'engine_failed',
  'connect_timeout',
  'rejected_capacity',
  'draining',
  'carrier_failed',
  'server_lost',
  'internal'
]

eachDatabase((databases) => {
  it('has every table, view and column that others rely on, in the types they rely on', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const { rows } = await pool.query<{ table: string; column: string; type: string }>(
      `select table_name as table, column_name as column, data_type as type
       from information_schema.columns where table_schema = 'public'`
    )
    const types = new Map(rows.map(({ table, column, type }) => [`${table}.${column}`, type]))
    const missing = Object.entries(CONTRACT)
      .flatMap(([table, columns]) => columns.split(' ').map((column) => `${table}.${column}`))
      .filter((column) => !types.has(column))
    assert.deepEqual(missing, [])
    assert.deepEqual(
      Object.fromEntries(Object.keys(TYPES).map((column) => [column, types.get(column)])),
      TYPES
    )
  })

  it('runs each migration once, also when two replicas start together', async (t) => {
    const { pool } = await databases.create(t)
    const { log } = capture()
    const runs = await Promise.all([migrate(pool, log), migrate(pool, log)])
    assert.deepEqual(runs.flat(), MIGRATIONS)
    assert.deepEqual(await migrate(pool, log), [])
  })

  for (const [index, name] of MIGRATIONS.entries())
    it(`keeps what there was when it comes from ${name}`, async (t) => {
      const { pool } = await databases.create(t)
      assert.deepEqual(await migrate(pool, capture().log, index + 1), MIGRATIONS.slice(0, index + 1))
      // As the first version had it: every later one takes this too.
      await pool.query(
        `insert into agents (id, name, instructions, greeting) values ('sales', 'Sales', 'Sell.', 'Hello.');
         insert into calls (id, carrier, carrier_call_id, direction, agent_id, status, initiated_at)
           select gen_random_uuid(), 'telnyx', 'v3', 'inbound', 'sales', 'ended', '2026-02-01T12:00Z';
         insert into usage_minutes (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes)
           select id, 'sales', '+15550100', 'inbound', initiated_at, initiated_at, 61.5, 2 from calls;
         insert into usage_items (item_id, call_id, provider, model, kind, unit, quantity, cost_usd, recorded_at)
           select n::text, id, 'openai', 'm', 'llm', 'token', 1, case n when 1 then 0.25 when 2 then 0.5 end, initiated_at
           from calls, generate_series(1, 3) as n;
         insert into turns (call_id, turn_index, speaker, said_text, heard_text, started_at, ended_at)
           select id, 0, 'agent', 'Hello.', 'Hello', initiated_at, initiated_at from calls`
      )
      assert.deepEqual(await migrate(pool, capture().log), MIGRATIONS.slice(index + 1))
      const { rows } = await pool.query('select * from usage_by_month')
      assert.deepEqual(rows, [
        { month: '2026-02-01', calls: 1, minutes: 2, seconds: 61.5, cost_usd: 0.75, unpriced_items: 1 }
      ])
      const words = await pool.query('select heard_text from transcripts join calls on calls.id = call_id')
      assert.deepEqual(words.rows, [{ heard_text: 'Hello' }])
      const agents = await pool.query("select name, instructions from agents where id = 'sales'")
      assert.deepEqual(agents.rows, [{ name: 'Sales', instructions: 'Sell.' }])
    })

  it('takes every end reason there is, and no other reason or status', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const insert = (status: string, reason: string | null) =>
      pool.query(
        `insert into calls (id, carrier, carrier_call_id, direction, agent_id, status, end_reason, initiated_at)
         values (gen_random_uuid(), 'test', 'x', 'inbound', 'default', $1, $2, now())`,
        [status, reason]
      )
    for (const reason of END_REASONS) await insert('ended', reason)
    for (const status of ['initiated', 'answered', 'live', 'failed']) await insert(status, null)
    await assert.rejects(insert('ended', 'bored'), { code: '23514' })
    await assert.rejects(insert('ringing', null), { code: '23514' })
  })

  it('sums usage by day, month, agent and number, and tells unknown costs from none', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    const call = async (startedAt: string, number: string, costs: (number | null)[]) => {
      const { rows } = await pool.query<{ id: string }>(
        `insert into calls (id, carrier, carrier_call_id, direction, agent_id, initiated_at)
         values (gen_random_uuid(), 'test', 'x', 'inbound', 'default', $1) returning id`,
        [startedAt]
      )
      const id = rows[0]?.id
      await pool.query(
        `insert into usage_minutes (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes)
         values ($1, 'default', $2, 'inbound', $3, $3, 70.5, 2)`,
        [id, number, startedAt]
      )
      for (const [index, cost] of costs.entries()) {
        await pool.query(
          `insert into usage_items (item_id, call_id, provider, model, kind, unit, quantity, cost_usd, recorded_at)
           values ($1, $2, 'openai', 'm', 'llm', 'text_input_token', 1, $3, now())`,
          [`${id}-${index}`, id, cost]
        )
      }
    }
    // 23:30 in New York is the next day, and month, in UTC.
    await call('2026-01-31T23:30:00-05:00', '+15550100', [0.25, null])
    await call('2026-02-01T12:00:00Z', '+15550100', [0.5])
    await call('2026-02-02T12:00:00Z', '+15550199', [null])
    const view = async (name: string) => (await pool.query(`select * from ${name} order by 1`)).rows
    const sums = { calls: 2, minutes: 4, seconds: 141, cost_usd: 0.75, unpriced_items: 1 }
    const unknown = { calls: 1, minutes: 2, seconds: 70.5, cost_usd: null, unpriced_items: 1 }
    assert.deepEqual(await view('usage_by_day'), [
      { day: '2026-02-01', ...sums },
      { day: '2026-02-02', ...unknown }
    ])
    assert.deepEqual(await view('usage_by_number'), [
      { number: '+15550100', ...sums },
      { number: '+15550199', ...unknown }
    ])
    const all = { calls: 3, minutes: 6, seconds: 211.5, cost_usd: 0.75, unpriced_items: 2 }
    assert.deepEqual(await view('usage_by_month'), [{ month: '2026-02-01', ...all }])
    assert.deepEqual(await view('usage_by_agent'), [{ agent_id: 'default', ...all }])
  })

  it('shows how fast replies came, hour by hour', async (t) => {
    const { pool } = await databases.create(t)
    await migrate(pool, capture().log)
    await pool.query(
      `with call as (
         insert into calls (id, carrier, carrier_call_id, direction, agent_id, initiated_at)
         values (gen_random_uuid(), 'test', 'x', 'inbound', 'default', now()) returning id
       )
       insert into turns (call_id, turn_index, speaker, said_text, heard_text, started_at, ended_at, response_ms)
       select id, n, 'agent', '', '', at, at, ms from call,
         (values (0, '2026-02-01T12:01Z'::timestamptz, null), (1, '2026-02-01T12:02Z', 100),
           (2, '2026-02-01T12:59Z', 200), (3, '2026-02-01T13:00Z', 900)) as turn (n, at, ms)`
    )
    const { rows } = await pool.query('select * from turn_latency_by_hour order by hour')
    const hour = (at: string) => new Date(at)
    assert.deepEqual(rows, [
      {
        hour: hour('2026-02-01T12:00Z'),
        turns: 2,
        p50_response_ms: 150,
        p95_response_ms: 195,
        p99_response_ms: 199
      },
      {
        hour: hour('2026-02-01T13:00Z'),
        turns: 1,
        p50_response_ms: 900,
        p95_response_ms: 900,
        p99_response_ms: 900
      }
    ])
  })
})
