import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { migrate } from '../../../services/store/migrations.ts'
import type { CallEvent, CallIdentity } from '../../../sessions/contracts/call-events.ts'
import { capture, eachDatabase, type TestDatabases } from '../../support/databases.ts'
import { createRecorderRig, ended, inboundCall, NOON, type RecorderRigOptions, turn } from './recorder-rig.ts'

async function start(databases: TestDatabases, t: TestContext, options: RecorderRigOptions = {}) {
  const database = await databases.create(t)
  await migrate(database.pool, capture().log)
  const rig = createRecorderRig(t, database, options)
  rig.recorder.start()
  const flush = async () => assert.ok(await rig.recorder.flush(20_000), JSON.stringify(rig.logs.lines))
  return { ...rig, database, pool: database.pool, flush }
}

const hangup = (offsetMs: number, payload: Record<string, unknown>): CallEvent => ({
  type: 'carrier.event',
  name: 'call.hangup',
  eventId: `hangup ${JSON.stringify(payload)} ${Math.random()}`,
  occurredAt: NOON + offsetMs,
  payload
})
const iso = (offsetMs: number) => new Date(NOON + offsetMs).toISOString()

eachDatabase((databases) => {
  describe('minutes', () => {
    it('are rounded as the operator wants it', async (t) => {
      const database = await databases.create(t)
      await migrate(database.pool, capture().log)
      const billed = async (seconds: number, firstSeconds: number, stepSeconds: number) => {
        const rounding = { firstSeconds, stepSeconds }
        const { recorder, play, store } = createRecorderRig(t, database, { rounding })
        recorder.start()
        const call = inboundCall()
        play(call, [[seconds * 1000, ended(NOON, seconds * 1000)]])
        assert.ok(await recorder.flush(10_000))
        return (await store.findCall(call.callId))?.usage.minutes?.minutes
      }
      assert.equal(await billed(61, 60, 60), 2)
      assert.equal(await billed(61, 6, 6), 1.1)
      assert.equal(await billed(60, 6, 6), 1)
      assert.equal(await billed(0.2, 6, 6), 0.1)
      assert.equal(await billed(31, 30, 6), 0.6)
      assert.equal(await billed(90, 1, 1), 1.5)
    })

    it('are there once, however often and by whomever the end is told', async (t) => {
      const { play, flush, pool, database } = await start(databases, t)
      const other = createRecorderRig(t, database, { replicaId: 'b' })
      other.recorder.start()
      const call = inboundCall()
      play(call, [
        [0, { type: 'call.answered' }],
        [61_000, ended(NOON, 61_000)],
        [61_500, ended(NOON, 61_500)]
      ])
      other.play(call, [[121_000, ended(NOON, 121_000)]])
      await flush()
      assert.ok(await other.recorder.flush(10_000))
      play(call, [[181_000, ended(NOON, 181_000)]])
      await flush()
      const { rows } = await pool.query('select minutes from usage_minutes')
      assert.equal(rows.length, 1)
      const items = await pool.query('select model, quantity from usage_items order by model')
      assert.deepEqual(items.rows, [
        { model: 'media_stream', quantity: rows[0].minutes },
        { model: 'voice_inbound', quantity: rows[0].minutes }
      ])
    })

    for (const order of ['before', 'after', 'with'] as const)
      it(`are held against what the carrier says ${order} the end`, async (t) => {
        const { play, flush, store } = await start(databases, t)
        const tellBoth = async (call: CallIdentity, carrier: CallEvent, end: CallEvent) => {
          play(call, [[0, { type: 'call.answered' }]])
          for (const event of order === 'before' ? [carrier, end] : [end, carrier]) {
            play(call, [[60_000, event]])
            if (order !== 'with') await flush()
          }
          await flush()
          const { seconds, carrier_seconds, carrier_differs } =
            (await store.findCall(call.callId))?.usage.minutes ?? {}
          return [seconds, carrier_seconds, carrier_differs]
        }
        const times = (startMs: number, endMs: number) => ({ start_time: iso(startMs), end_time: iso(endMs) })
        const end = ended(NOON, 60_000)
        assert.deepEqual(await tellBoth(inboundCall(), hangup(60_100, times(100, 60_100)), end), [
          60,
          60,
          false
        ])
        assert.deepEqual(await tellBoth(inboundCall(), hangup(62_000, times(0, 62_000)), end), [
          60,
          62,
          false
        ])
        assert.deepEqual(await tellBoth(inboundCall(), hangup(62_001, times(0, 62_001)), end), [
          60,
          62.001,
          true
        ])
        assert.deepEqual(await tellBoth(inboundCall(), hangup(57_000, times(0, 57_000)), end), [60, 57, true])
        const twilio = { ...inboundCall(), carrier: 'twilio' as const }
        const completed = { ...hangup(60_000, { CallDuration: '64' }), name: 'call.completed' } as CallEvent
        assert.deepEqual(await tellBoth(twilio, completed, end), [60, 64, true])
      })

    it('of an outbound call are counted from its answer by the carrier too, not from its ring', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = { ...inboundCall(), direction: 'outbound' as const }
      const answered = { ...hangup(20_000, {}), name: 'call.answered' } as CallEvent
      play(call, [
        [20_000, answered],
        [80_000, ended(NOON + 20_000, 60_000)],
        [80_000, hangup(80_000, { start_time: iso(0), end_time: iso(80_000) })]
      ])
      await flush()
      const { carrier_seconds, carrier_differs } = (await store.findCall(call.callId))?.usage.minutes ?? {}
      assert.deepEqual([carrier_seconds, carrier_differs], [60, false])
    })
  })

  describe('costs', () => {
    const unit = fc.constantFrom('text_input_token', 'audio_output_token', 'unheard_of')
    const records = fc.array(fc.record({ unit, quantity: fc.integer({ min: 0, max: 1_000_000 }) }), {
      minLength: 1,
      maxLength: 4
    })
    const price = (name: string, usd: number) => ({
      provider: 'openai',
      model: 'm',
      unit: name,
      usd,
      per: 1_000_000
    })
    const prices = new PriceBook([
      { date: '2026-01-01', prices: [price('text_input_token', 4), price('audio_output_token', 0.3)] }
    ])

    it('of a call are the sum of its items, whatever the order of events, and however often they are told', async (t) => {
      const { play, flush, pool } = await start(databases, t, { prices })
      const usage = fc.array(records, { minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(usage, fc.infiniteStream(fc.nat()), async (told, dice) => {
          const call = inboundCall()
          const events: [number, CallEvent][] = [
            [0, { type: 'call.initiated' }],
            [1, { type: 'call.answered' }],
            [90_000, ended(NOON, 90_000)],
            ...told.map((each, index): [number, CallEvent] => {
              const items = each.map((item) => ({
                provider: 'openai',
                model: 'm',
                kind: 'llm' as const,
                ...item
              }))
              return [10 + index, { type: 'usage', records: items }]
            })
          ]
          const shuffled = [...events, ...events]
            .map((event) => ({ event, at: dice.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
          for (const { event, at } of shuffled) {
            play(call, [event])
            if (at % 3 === 0) await flush()
          }
          await flush()
          const sums = await pool.query(
            `select sum(cost_usd)::text as cost, count(*) filter (where cost_usd is null)::int as unpriced, count(*)::int as items
             from usage_items where call_id = $1`,
            [call.callId]
          )
          const view = await pool.query(
            'select cost_usd::text as cost, unpriced_items::int as unpriced from call_costs where call_id = $1',
            [call.callId]
          )
          assert.equal(sums.rows[0].items, told.flat().length + 2, 'each once, and two of the carrier')
          assert.equal(Number(view.rows[0].cost), Number(sums.rows[0].cost))
          assert.equal(view.rows[0].cost === null, sums.rows[0].cost === null)
          assert.equal(view.rows[0].unpriced, sums.rows[0].unpriced)
        }),
        { numRuns: 25 }
      )
    })

    it('follow rows that somebody changes or deletes by hand', async (t) => {
      const { play, flush, pool } = await start(databases, t, { prices })
      const call = inboundCall()
      const record = {
        provider: 'openai',
        model: 'm',
        kind: 'llm',
        unit: 'text_input_token',
        quantity: 1_000_000
      } as const
      play(call, [[0, { type: 'usage', records: [record, { ...record, unit: 'unheard_of' }] }]])
      await flush()
      const costs = async () => (await pool.query('select cost_usd, unpriced_items from call_costs')).rows
      assert.deepEqual(await costs(), [{ cost_usd: 4, unpriced_items: 1 }])
      await pool.query("update usage_items set cost_usd = 0.5 where unit = 'unheard_of'")
      assert.deepEqual(await costs(), [{ cost_usd: 4.5, unpriced_items: 0 }])
      await pool.query("delete from usage_items where unit = 'text_input_token'")
      assert.deepEqual(await costs(), [{ cost_usd: 0.5, unpriced_items: 0 }])
      await pool.query('delete from calls')
      assert.deepEqual(await costs(), [])
    })
  })

  describe('transcripts', () => {
    it('have speakers in turn, tools in their place, and late words where they were said', async (t) => {
      const { play, flush, pool } = await start(databases, t)
      const call = inboundCall()
      const tool = {
        type: 'tool.called',
        tool: 'search_products',
        durationMs: 300,
        ok: true,
        code: null,
        arguments: { query: 'tea' },
        result: []
      } as const
      const wordless = { saidText: '', heardText: '', startedAt: NOON + 10_000, endedAt: NOON + 11_000 }
      play(call, [
        [4_000, { type: 'turn.completed', turn: turn(0), revised: false }],
        [9_500, { type: 'turn.completed', turn: turn(1), revised: false }],
        // The caller spoke from 10 s to 11 s; the tool ran from 11.5 s; the reply began at 12 s.
        [11_800, tool],
        [14_000, { type: 'turn.completed', turn: turn(2, { caller: wordless }), revised: false }],
        [14_500, { type: 'turn.completed', turn: turn(2), revised: true }]
      ])
      await flush()
      const { rows } = await pool.query({
        text: 'select position, turn_index, speaker, coalesce(said_text, tool) from transcripts where call_id = $1 order by position',
        values: [call.callId],
        rowMode: 'array'
      })
      assert.deepEqual(rows, [
        [1, 0, 'agent', 'reply 0'],
        [2, 1, 'caller', 'question 1'],
        [3, 1, 'agent', 'reply 1'],
        [4, 2, 'caller', 'question 2'],
        [5, 2, 'tool', 'search_products'],
        [6, 2, 'agent', 'reply 2']
      ])
    })
  })
})
