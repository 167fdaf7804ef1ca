import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import type { CallEvent } from '../../../sessions/contracts/call-events.ts'
import { eachDatabase } from '../../support/databases.ts'
import { ended, inboundCall, NOON, SESSION_READY, STREAM_CONNECTED, start, turn } from './recorder-rig.ts'

/** Columns of what follows a call. */
const NOTHING_AFTER = { recording_deleted_at: null, erased_at: null, settled_at: null }

const WHOLE_CALL: [number, CallEvent][] = [
  [0, { type: 'call.initiated' }],
  [1_000, { type: 'call.answered' }],
  [
    1_010,
    {
      type: 'stream.requested',
      streamUrl: 'wss://host/media-stream-ws',
      parameters: { stream_codec: 'PCMU' }
    }
  ],
  [1_200, STREAM_CONNECTED],
  [1_300, SESSION_READY],
  [4_000, { type: 'turn.completed', turn: turn(0), revised: false }],
  [9_000, { type: 'turn.completed', turn: turn(1), revised: false }],
  [
    9_100,
    {
      type: 'tool.called',
      tool: 'end_call',
      durationMs: 3,
      ok: true,
      code: null,
      arguments: {},
      result: 'Bye.'
    }
  ],
  [11_000, { type: 'call.heartbeat' }],
  [
    60_900,
    {
      type: 'carrier.event',
      name: 'call.hangup',
      eventId: 'e-1',
      occurredAt: NOON + 60_800,
      payload: { call_control_id: 'v3', nul: 'a\u0000b' }
    }
  ],
  [61_100, ended(NOON + 1_000, 60_100)]
]

eachDatabase((databases) => {
  describe('call recorder', () => {
    it('flushes what was told so far, however much is told meanwhile', async (t) => {
      const { play, recorder, store } = await start(databases, t)
      const first = inboundCall()
      play(first, WHOLE_CALL.slice(0, 1))
      let isFlushed = false
      const talk = () => {
        if (isFlushed) return
        play(inboundCall(), WHOLE_CALL.slice(0, 1))
        setImmediate(talk)
      }
      talk()
      assert.equal(await recorder.flush(10_000), true)
      isFlushed = true
      assert.ok(await store.findCall(first.callId))
    })

    it('turns the events of a call into its rows', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = inboundCall()
      play(call, WHOLE_CALL)
      await flush()
      const found = await store.findCall(call.carrierCallId)
      assert.ok(found)
      const { turns, events, usage, analysis, ...row } = found
      assert.equal(analysis, null)
      assert.deepEqual(row, {
        id: call.callId,
        carrier: 'telnyx',
        carrier_call_id: call.carrierCallId,
        direction: 'inbound',
        from_number: '+15550123',
        to_number: '+15550100',
        agent_id: 'default',
        status: 'ended',
        end_reason: 'caller_hung_up',
        initiated_at: new Date(NOON),
        answered_at: new Date(NOON + 1_000),
        ended_at: new Date(NOON + 61_100),
        duration_seconds: 60.1,
        stream_codec: 'PCMU',
        stream_sample_rate: 8000,
        engine: 'local',
        replica_id: 'a',
        last_heartbeat_at: new Date(NOON + 11_000),
        recording_path: null,
        answer_to_greeting_ms: 400,
        dead_air_ms: 900,
        end_detail: null,
        carrier_started_at: null,
        carrier_ended_at: new Date(NOON + 60_800),
        carrier_seconds: null,
        ...NOTHING_AFTER
      })
      assert.deepEqual(
        turns.map(({ turn_index, speaker, said_text, response_ms }) => [
          turn_index,
          speaker,
          said_text,
          response_ms
        ]),
        [
          [0, 'agent', 'reply 0', null],
          [1, 'caller', 'question 1', null],
          [1, 'agent', 'reply 1', 900]
        ]
      )
      assert.deepEqual(
        events.map(({ type }) => type),
        WHOLE_CALL.map(([, event]) => (event.type === 'carrier.event' ? event.name : event.type)).filter(
          (type) => type !== 'call.heartbeat'
        )
      )
      const hangup = events.find(({ type }) => type === 'call.hangup')
      assert.deepEqual(hangup, {
        type: 'call.hangup',
        event_id: 'e-1',
        occurred_at: new Date(NOON + 60_800),
        payload: { call_control_id: 'v3', nul: 'ab' }
      })
      assert.deepEqual(usage.minutes, {
        call_id: call.callId,
        agent_id: 'default',
        number: '+15550100',
        direction: 'inbound',
        started_at: new Date(NOON + 1_000),
        ended_at: new Date(NOON + 61_100),
        seconds: 60.1,
        minutes: 2,
        estimated: false,
        carrier_seconds: null,
        carrier_differs: false
      })
    })

    it('writes the same rows when everything is published twice', async (t) => {
      const { play, flush, store, logs } = await start(databases, t)
      const call = inboundCall()
      const record = {
        provider: 'openai',
        model: 'm',
        kind: 'llm',
        unit: 'text_input_token',
        quantity: 7
      } as const
      const script: [number, CallEvent][] = [
        ...WHOLE_CALL,
        [61_200, { type: 'usage', records: [record, record] }]
      ]
      play(call, script)
      await flush()
      const once = await store.findCall(call.callId)
      play(call, script)
      await flush()
      assert.deepEqual(await store.findCall(call.callId), once)
      assert.deepEqual(
        once?.usage.items.map(({ kind, model }) => [kind, model]),
        [
          ['carrier', 'voice_inbound'],
          ['carrier', 'media_stream'],
          ['llm', 'm'],
          ['llm', 'm']
        ]
      )
      assert.deepEqual(logs.of('store.refused'), [])
    })

    it('shows a call as initiated, then answered, then live', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = inboundCall()
      const statuses: (string | undefined)[] = []
      for (const step of WHOLE_CALL.slice(0, 4)) {
        play(call, [step])
        await flush()
        statuses.push((await store.findCallRow(call.callId))?.status)
      }
      assert.deepEqual(statuses, ['initiated', 'answered', 'answered', 'live'])
    })

    it('names linear audio L16, with its rate', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = inboundCall()
      const l16 = { encoding: 'pcm16', sampleRate: 24000 } as const
      play(call, [[0, { type: 'stream.connected', inboundFormat: l16, outboundFormat: l16, streamId: null }]])
      await flush()
      const row = await store.findCallRow(call.callId)
      assert.deepEqual([row?.stream_codec, row?.stream_sample_rate], ['L16', 24000])
    })

    it('never moves a call backwards when an event comes late', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = inboundCall()
      play(call, WHOLE_CALL)
      play(call, [
        [70_000, { type: 'call.answered' }],
        [70_000, STREAM_CONNECTED],
        [70_000, { type: 'call.heartbeat' }],
        [70_000, ended(null, 0)]
      ])
      await flush()
      const found = await store.findCall(call.callId)
      assert.equal(found?.status, 'ended')
      assert.deepEqual(found?.answered_at, new Date(NOON + 1_000))
      assert.equal(found?.duration_seconds, 60.1)
      assert.equal(found?.usage.minutes?.minutes, 2)
    })

    it('replaces a turn that a late transcript changes, after the call too', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = inboundCall()
      play(call, WHOLE_CALL)
      const side = {
        saidText: 'What I really asked',
        heardText: 'What I really asked',
        startedAt: NOON,
        endedAt: NOON
      }
      const revised = turn(1, { caller: side, interrupted: true, heardMs: 700 })
      play(call, [[62_000, { type: 'turn.completed', turn: revised, revised: true }]])
      await flush()
      const found = await store.findCall(call.callId)
      assert.deepEqual(
        found?.turns.slice(1).map(({ speaker, said_text, interrupted, heard_ms }) => ({
          speaker,
          said_text,
          interrupted,
          heard_ms
        })),
        [
          { speaker: 'caller', said_text: 'What I really asked', interrupted: false, heard_ms: null },
          { speaker: 'agent', said_text: 'reply 1', interrupted: true, heard_ms: 700 }
        ]
      )
    })

    it('does not bring back what was erased, whatever comes late', async (t) => {
      const { play, flush, store, pool } = await start(databases, t)
      const call = inboundCall()
      play(call, WHOLE_CALL)
      await flush()
      await pool.query('update calls set erased_at = now(), from_number = null')
      await pool.query('delete from turns')
      await pool.query('delete from call_events')
      play(call, [
        [62_000, { type: 'turn.completed', turn: turn(1), revised: true }],
        [62_000, { type: 'dtmf', digit: '4' }]
      ])
      await flush()
      const found = await store.findCall(call.callId)
      assert.deepEqual([found?.turns, found?.events, found?.from_number], [[], [], null])
      assert.equal(found?.usage.minutes?.minutes, 2)
    })

    it('counts each started minute of an answered call, and none of one never answered', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const minutesOf = async (durationMs: number, answeredAt: number | null = NOON) => {
        const call = inboundCall()
        play(call, [
          [0, { type: 'call.initiated' }],
          [durationMs, ended(answeredAt, durationMs)]
        ])
        await flush()
        return (await store.findCall(call.callId))?.usage.minutes?.minutes
      }
      assert.equal(await minutesOf(0), 1)
      assert.equal(await minutesOf(400), 1)
      assert.equal(await minutesOf(59_999.9), 1)
      assert.equal(await minutesOf(60_000), 1)
      assert.equal(await minutesOf(60_000.000_01), 1)
      assert.equal(await minutesOf(60_100), 2)
      assert.equal(await minutesOf(3_600_000), 60)
      assert.equal(await minutesOf(30_000, null), undefined)
    })

    it('tells a call that failed from one that rang in vain', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const statusOf = async (reason: string, answeredAt: number | null) => {
        const call = inboundCall()
        const end = { ...ended(answeredAt, 0), reason } as CallEvent
        play(call, [
          [0, { type: 'call.initiated' }],
          [10, end]
        ])
        await flush()
        return (await store.findCallRow(call.callId))?.status
      }
      assert.equal(await statusOf('rejected_capacity', null), 'failed')
      assert.equal(await statusOf('carrier_failed', null), 'failed')
      assert.equal(await statusOf('caller_hung_up', null), 'ended')
      assert.equal(await statusOf('engine_failed', NOON), 'ended')
    })

    it('keeps the price of a day where it is known, and null where it is not', async (t) => {
      const price = { provider: 'openai', model: 'm', unit: 'text_input_token', usd: 1, per: 1000 }
      const prices = new PriceBook([{ date: '2026-01-15', prices: [price] }])
      const { play, flush, pool } = await start(databases, t, { prices })
      const call = inboundCall()
      const known = {
        provider: 'openai',
        model: 'm',
        kind: 'llm',
        unit: 'text_input_token',
        quantity: 500
      } as const
      play(call, [[0, { type: 'usage', records: [known, { ...known, unit: 'unheard_of', quantity: 3 }] }]])
      await flush()
      const items = await pool.query('select unit, cost_usd, price_date from usage_items order by unit')
      assert.deepEqual(items.rows, [
        { unit: 'text_input_token', cost_usd: 0.5, price_date: '2026-01-15' },
        { unit: 'unheard_of', cost_usd: null, price_date: null }
      ])
      const costs = await pool.query('select cost_usd, unpriced_items from call_costs')
      assert.deepEqual(costs.rows, [{ cost_usd: 0.5, unpriced_items: 1 }])
    })

    it('counts the minutes of an outbound call to the number that it came from', async (t) => {
      const { play, flush, store } = await start(databases, t)
      const call = { ...inboundCall(), direction: 'outbound' as const }
      play(call, [[100, ended(NOON, 100)]])
      await flush()
      assert.equal((await store.findCall(call.callId))?.usage.minutes?.number, '+15550123')
    })

    it('stores what comes of a call whose row somebody has deleted', async (t) => {
      const { play, flush, store, pool, logs } = await start(databases, t)
      const call = inboundCall()
      play(call, [[0, { type: 'call.initiated' }]])
      await flush()
      await pool.query('delete from calls where id = $1', [call.callId])
      play(call, [[4_000, { type: 'turn.completed', turn: turn(0), revised: false }]])
      await flush()
      assert.deepEqual(
        (await store.findCall(call.callId))?.turns.map(({ said_text }) => said_text),
        ['reply 0']
      )
      assert.deepEqual(logs.of('store.refused'), [])
    })

    it('keeps a record that the database refuses on disk, says so, and goes on with the call', async (t) => {
      const { play, flush, store, logs, folder } = await start(databases, t)
      const call = inboundCall()
      const impossible = {
        provider: 'openai',
        model: 'm',
        kind: 'llm',
        unit: 'second',
        quantity: -1
      } as const
      play(call, [
        [0, { type: 'call.initiated' }],
        [1, { type: 'usage', records: [impossible] }],
        [2, ended(NOON, 2)]
      ])
      await flush()
      assert.equal((await store.findCallRow(call.callId))?.status, 'ended')
      assert.deepEqual(
        logs.of('store.refused').map(({ operation, code, level }) => ({ operation, code, level })),
        [{ operation: 'usage', code: '23514', level: 'error' }]
      )
      const kept = readFileSync(path.join(folder, 'refused.jsonl'), 'utf8').trim().split('\n')
      assert.deepEqual(
        kept.map((line) => JSON.parse(line).items),
        [[{ ...impossible, costUsd: null, priceDate: null }]]
      )
    })
  })
})
