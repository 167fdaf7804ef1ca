import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createMetrics, type Metrics } from '../../services/metrics.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import type { CallEvent, EndReason, TurnRecord } from '../../sessions/contracts/call-events.ts'
import { testCall } from '../support/session-rig.ts'

const frames = { in: 0, out: 0 }

function ended(reason: EndReason): CallEvent {
  return {
    type: 'call.ended',
    reason,
    answeredAt: null,
    durationMs: 0,
    turns: 0,
    interruptions: 0,
    p50ResponseMs: null,
    p95ResponseMs: null,
    answerToGreetingMs: null,
    deadAirMs: 0
  }
}

function turn(responseMs: number | null): TurnRecord {
  const latency = { responseMs, endpointMs: null, engineMs: null, playoutMs: null }
  return { turnIndex: 1, caller: null, agent: null, interrupted: false, heardMs: 0, saidMs: 0, latency }
}

describe('metrics', () => {
  const events = createCallEvents({ now: () => 0, onListenerError: (error) => assert.fail(String(error)) })
  let metrics: Metrics

  beforeEach(() => {
    metrics = createMetrics({
      events,
      liveCalls: () => 3,
      frames: () => frames,
      store: () => ({ pending: 7, diskRefusals: 2 })
    })
  })

  afterEach(() => metrics.close())

  /** The value of one series; 0 where there is none yet. */
  async function read(series: string): Promise<number> {
    const line = (await metrics.render()).split('\n').find((text) => text.startsWith(`${series} `))
    return Number(line?.slice(series.length + 1) ?? 0)
  }

  const publish = (event: CallEvent) => events.publish(testCall, event)

  it('has every metric that dashboards rely on', async () => {
    const text = await metrics.render()
    for (const name of [
      'live_calls',
      'calls_total',
      'turn_response_seconds',
      'added_latency_seconds',
      'barge_in_seconds',
      'media_frames_total',
      'malformed_frames_total',
      'engine_errors_total',
      'event_loop_delay_seconds',
      'store_pending',
      'refused_total'
    ]) {
      assert.match(text, new RegExp(`^# TYPE offhook_${name} (counter|gauge|histogram)$`, 'm'))
    }
  })

  it('asks for what is so now', async () => {
    assert.equal(await read('offhook_live_calls'), 3)
    assert.equal(await read('offhook_store_pending'), 7)
    Object.assign(frames, { in: 5, out: 9 })
    assert.equal(await read('offhook_media_frames_total{direction="inbound"}'), 5)
    Object.assign(frames, { in: 6, out: 9 })
    assert.equal(await read('offhook_media_frames_total{direction="inbound"}'), 6)
    assert.equal(await read('offhook_media_frames_total{direction="outbound"}'), 9)
  })

  it('counts ended calls by carrier, direction and reason, and refusals besides', async () => {
    for (const reason of ['caller_hung_up', 'caller_hung_up', 'draining', 'rejected_capacity'] as const)
      publish(ended(reason))
    const calls = 'offhook_calls_total{carrier="test",direction="inbound",end_reason="caller_hung_up"}'
    assert.equal(await read(calls), 2)
    assert.equal(await read('offhook_refused_total{reason="draining"}'), 1)
    assert.equal(await read('offhook_refused_total{reason="rejected_capacity"}'), 1)
    metrics.refused('media_token')
    assert.equal(await read('offhook_refused_total{reason="media_token"}'), 1)
  })

  it('measures a response once, and none that there was not', async () => {
    publish({ type: 'turn.completed', turn: turn(750), revised: false })
    publish({ type: 'turn.completed', turn: turn(750), revised: true })
    publish({ type: 'turn.completed', turn: turn(null), revised: false })
    assert.equal(await read('offhook_turn_response_seconds_count'), 1)
    assert.equal(await read('offhook_turn_response_seconds_sum'), 0.75)
    publish({ type: 'turn.completed', turn: turn(500), revised: true, measuredLate: true })
    assert.equal(await read('offhook_turn_response_seconds_count'), 2)
  })

  it('measures barge-ins and added latency in seconds', async () => {
    publish({ type: 'turn.interrupted', turnIndex: 1, heardMs: 1, saidMs: 2, clearMs: 0.5 })
    assert.equal(await read('offhook_barge_in_seconds_sum'), 0.0005)
    metrics.addedLatency('inbound', 2)
    for (let sample = 0; sample < 1000; sample++) metrics.addedLatency('outbound', sample < 700 ? 0.2 : 4)
    const outbound = (rest: string) => read(`offhook_added_latency_seconds_${rest}`)
    assert.equal(await outbound('bucket{le="0.00025",direction="outbound"}'), 700)
    assert.equal(await outbound('count{direction="outbound"}'), 1000)
    assert.equal(await outbound('count{direction="outbound"}'), 1000, 'each is counted once')
    assert.equal(await read('offhook_added_latency_seconds_sum{direction="inbound"}'), 0.002)
  })

  it('counts malformed frames, and what engines report by code', async () => {
    publish({ type: 'media.malformed', cause: 'not_json' })
    publish({ type: 'engine.trouble', code: 'rate_limit' })
    publish({ type: 'engine.failed', code: 'ENGINE_CONNECT', retryable: false, detail: 'http_401' })
    assert.equal(await read('offhook_malformed_frames_total'), 1)
    assert.equal(await read('offhook_engine_errors_total{code="rate_limit"}'), 1)
    assert.equal(await read('offhook_engine_errors_total{code="ENGINE_CONNECT"}'), 1)
  })
})
