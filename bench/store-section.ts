import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { PCMU_8K } from '../audio/format.ts'
import { systemClock } from '../services/clock.ts'
import { openPriceBook } from '../services/pricing/price-book.ts'
import { priceEvent } from '../services/pricing/pricing.ts'
import { CallRecorder } from '../services/store/call-recorder.ts'
import { openDatabase } from '../services/store/database.ts'
import { migrate } from '../services/store/migrations.ts'
import { createCallEvents } from '../sessions/call-events.ts'
import type { CallEvent, CallEvents, CallIdentity } from '../sessions/contracts/call-events.ts'
import type { Bars } from './bars.ts'

/** As many live calls as one core is to carry; each gives a heartbeat every 5 s, and has a turn with its usage every 6 s. */
const LIVE_CALLS = 300
const LIVE_RECORDS_PER_SECOND = LIVE_CALLS * (1 / 5 + 2 / 6)
const LIVE_MS = 5_000
const TICK_MS = 50
const VIEW_LIMIT_MS = 200
const BATCH_CALLS = 100
const ROUNDS = 7

/** What records of calls cost this process, and how fast the database adds them up afterwards. */
export async function runStore(
  { calls, turns }: { calls: number; turns: number },
  bars: Bars
): Promise<void> {
  console.log(`\nRecords: ${calls} calls of ${turns} turns`)
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-bench-store-'))
  const log = pino({ level: 'silent' })
  const database = await openDatabase({ databaseUrl: process.env.BENCH_DATABASE_URL ?? null, dataDir, log })
  console.log(`  on ${database.kind === 'embedded' ? 'the embedded PostgreSQL' : database.description}`)
  try {
    await migrate(database.pool, log)
    const prices = await openPriceBook({ pricesFile: null, dataDir })
    const time = { now: Date.UTC(2026, 2, 1) }
    const events = createCallEvents({ now: () => time.now, onListenerError: console.error })
    const recorder = new CallRecorder({
      ...{ events, clock: systemClock, folder: path.join(dataDir, 'spool'), pool: database.writer },
      ...{ description: database.description, replicaId: 'bench', log },
      pricing: (published) => priceEvent(prices, published),
      rounding: { firstSeconds: 60, stepSeconds: 60 }
    })
    recorder.start()
    await insert({ calls, turns, recorder, publish: events.publish, time })
    await live(events, recorder)
    await recorder.close(60_000)
    const { rows } = await database.pool.query(
      'select count(*) as calls, sum(minutes) as minutes from usage_minutes'
    )
    console.log(`  ${rows[0].calls} calls of ${rows[0].minutes} minutes are there`)
    bars.atMost('calls missing in the database', calls - rows[0].calls, 0)
    for (const view of ['usage_by_month', 'usage_by_number', 'turn_latency_by_hour']) {
      const ms = await median(() => database.pool.query(`select * from ${view}`))
      console.log(`  ${view.padEnd(20)} ${ms.toFixed(1)} ms`)
      if (view === 'usage_by_month') bars.atMost(`${view} of ${calls} calls`, ms, VIEW_LIMIT_MS, ' ms')
    }
  } finally {
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function insert(options: {
  calls: number
  turns: number
  recorder: CallRecorder
  publish: (call: CallIdentity, event: CallEvent) => void
  time: { now: number }
}): Promise<void> {
  const { calls, turns, recorder, publish, time } = options
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  let records = 0
  for (let index = 0; index < calls; index++) {
    time.now += 30_000
    records += tellCall(index, turns, time.now, (call, event, ms) => {
      time.now += ms
      publish(call, event)
    })
    if ((index + 1) % BATCH_CALLS === 0) await recorder.flush(60_000)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const cpuUs = (user + system) / records
  console.log(
    `  ${records} records in ${seconds.toFixed(1)} s: ${Math.round(records / seconds)} a second, ` +
      `${cpuUs.toFixed(0)} µs of this process each`
  )
}

/** What the records of live calls take of this process, in the small batches in which they come. */
async function live(events: CallEvents, recorder: CallRecorder): Promise<void> {
  const calls = Array.from({ length: LIVE_CALLS }, (_, index) => identity(index))
  for (const call of calls) events.publish(call, { type: 'call.initiated' })
  await recorder.flush(60_000)
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  let records = 0
  for (let elapsedMs = 0; elapsedMs < LIVE_MS; elapsedMs = performance.now() - startedAt) {
    for (const due = (elapsedMs / 1000) * LIVE_RECORDS_PER_SECOND; records < due; records++) {
      const call = calls[(records * 7) % LIVE_CALLS] as CallIdentity
      const [turn, usage] = turnEvents(Math.floor(records / LIVE_CALLS), records) as [CallEvent, CallEvent]
      events.publish(call, [turn, { type: 'call.heartbeat' } as const, usage][records % 3] ?? usage)
    }
    await delay(TICK_MS)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const share = (user + system) / 10_000 / seconds
  console.log(
    `  ${LIVE_CALLS} live calls: ${Math.round(records / seconds)} records a second, ${share.toFixed(1)} % of a core`
  )
}

function identity(index: number): CallIdentity {
  return {
    ...{ callId: randomUUID(), carrierCallId: `v3:${index}`, carrier: 'telnyx', direction: 'inbound' },
    ...{
      from: `+1555${String(index % 700).padStart(7, '0')}`,
      to: `+1555010${index % 40}`,
      agentId: `agent-${index % 5}`
    }
  }
}

/** Returns how many records it leaves. */
function tellCall(
  index: number,
  turns: number,
  startedAt: number,
  tell: (call: CallIdentity, event: CallEvent, ms: number) => void
): number {
  const call = identity(index)
  let records = 0
  let lastedMs = 0
  const say = (event: CallEvent, ms: number) => {
    records += 1
    lastedMs += ms
    tell(call, event, ms)
  }
  say({ type: 'call.initiated' }, 0)
  say({ type: 'call.answered' }, 300)
  const formats = { inboundFormat: PCMU_8K, outboundFormat: PCMU_8K }
  say({ type: 'stream.connected', ...formats, streamId: 's' }, 100)
  const session = { connectMs: 100, inputFormat: PCMU_8K, outputFormat: PCMU_8K }
  say({ type: 'session.ready', engine: 'realtime', ...session }, 100)
  lastedMs = 200
  const answeredAt = startedAt + 300
  for (let turn = 0; turn < turns; turn++) for (const event of turnEvents(turn, index)) say(event, 4_000)
  say({ type: 'call.ended', reason: 'caller_hung_up', answeredAt, ...endOf(turns, lastedMs) }, 0)
  return records
}

function turnEvents(turnIndex: number, seed: number): CallEvent[] {
  const at = Date.UTC(2026, 2, 1) + seed * 60_000 + turnIndex * 6_000
  const words =
    'I would like to know whether you are open on Saturday, and how much a table for four would be.'
  const side = { saidText: words, heardText: words, startedAt: at, endedAt: at + 2_000 }
  const responseMs = 500 + ((seed * 37 + turnIndex * 101) % 900)
  const latency = { responseMs, endpointMs: 300, engineMs: responseMs - 350, playoutMs: 50 }
  const usage = { provider: 'openai', model: 'gpt-realtime-2.1', kind: 'llm' } as const
  const turn = {
    turnIndex,
    caller: side,
    agent: side,
    interrupted: false,
    heardMs: 2_000,
    saidMs: 2_000,
    latency
  }
  return [
    { type: 'turn.completed', revised: false, turn },
    {
      type: 'usage',
      records: [
        { ...usage, unit: 'text_input_token', quantity: 400 },
        { ...usage, unit: 'cached_audio_input_token', quantity: 900 },
        { ...usage, unit: 'audio_output_token', quantity: 120 }
      ]
    }
  ]
}

function endOf(turns: number, durationMs: number) {
  const figures = { interruptions: 0, p50ResponseMs: 900, p95ResponseMs: 1_200 }
  return { turns, durationMs, ...figures, answerToGreetingMs: 400, deadAirMs: 1_200 }
}

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    await run()
    times.push(performance.now() - startedAt)
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number
}
