import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { PCMU_8K } from '../../../audio/format.ts'
import { systemClock } from '../../../services/clock.ts'
import type { Rounding } from '../../../services/config.ts'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { priceEvent } from '../../../services/pricing/pricing.ts'
import { CallRecorder } from '../../../services/store/call-recorder.ts'
import type { Database } from '../../../services/store/database.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { PostgresCallStore } from '../../../services/store/postgres-call-store.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import type { CallEvent, CallIdentity, TurnRecord } from '../../../sessions/contracts/call-events.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { capture, defer, type TestDatabases } from '../../support/databases.ts'

/** An instant to count from, 2026-02-01T12:00:00Z, in epoch milliseconds. */
export const NOON = Date.UTC(2026, 1, 1, 12)

export const BY_THE_MINUTE: Rounding = { firstSeconds: 60, stepSeconds: 60 }

const FLUSH_MS = 10_000

export interface RecorderRigOptions {
  readonly prices?: PriceBook
  readonly rounding?: Rounding
  /** Of the spools; null: one of its own. */
  readonly folder?: string | null
  readonly replicaId?: string
  readonly openFile?: typeof open
}

/** A recorder on a bus whose clock the test sets; not started. Closed, and its folder removed, after the test. */
export function createRecorderRig(t: TestContext, database: Database, options: RecorderRigOptions = {}) {
  const { prices = new PriceBook([]), rounding = BY_THE_MINUTE, replicaId = 'a', openFile } = options
  const logs = capture()
  const time = { now: NOON }
  const clock: Clock = { now: () => time.now, after: systemClock.after }
  const faults: unknown[] = []
  const events = createCallEvents({ now: clock.now, onListenerError: (error) => faults.push(error) })
  const { pool, writer, description } = database
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'offhook-spool-'))
  const recorder = new CallRecorder({
    events,
    clock,
    folder,
    pool: writer,
    description,
    replicaId,
    log: logs.log,
    pricing: (published) => priceEvent(prices, published),
    rounding,
    openFile
  })
  defer(t, async () => {
    await recorder.close(0)
    if (!options.folder) rmSync(folder, { recursive: true, force: true })
  })
  const store = new PostgresCallStore(pool)
  /** Publishes each event at its offset from noon, in ms. */
  function play(call: CallIdentity, script: readonly (readonly [number, CallEvent])[]): void {
    for (const [offsetMs, event] of script) {
      time.now = NOON + offsetMs
      events.publish(call, event)
    }
  }
  return { recorder, store, play, logs, faults, folder, time }
}

export function inboundCall(): CallIdentity {
  const callId = randomUUID()
  const carrierCallId = `v3:${callId}`
  const parties = { from: '+15550123', to: '+15550100' }
  return { callId, carrier: 'telnyx', carrierCallId, direction: 'inbound', agentId: 'default', ...parties }
}

export function turn(turnIndex: number, changes: Partial<TurnRecord> = {}): TurnRecord {
  const at = NOON + turnIndex * 5_000
  return {
    turnIndex,
    caller:
      turnIndex === 0
        ? null
        : {
            saidText: `question ${turnIndex}`,
            heardText: `question ${turnIndex}`,
            startedAt: at,
            endedAt: at + 1_000
          },
    agent: {
      saidText: `reply ${turnIndex}`,
      heardText: `reply ${turnIndex}`,
      startedAt: at + 2_000,
      endedAt: at + 4_000
    },
    interrupted: false,
    heardMs: 2_000,
    saidMs: 2_000,
    latency:
      turnIndex === 0
        ? { responseMs: null, endpointMs: null, engineMs: null, playoutMs: null }
        : { responseMs: 900, endpointMs: 300, engineMs: 500, playoutMs: 100 },
    ...changes
  }
}

export function ended(
  answeredAt: number | null,
  durationMs: number,
  reason = 'caller_hung_up' as const
): CallEvent {
  const figures = {
    turns: 1,
    interruptions: 0,
    p50ResponseMs: 900,
    p95ResponseMs: 900,
    answerToGreetingMs: 400,
    deadAirMs: 900
  }
  return { type: 'call.ended', reason, answeredAt, durationMs, ...figures }
}

export const STREAM_CONNECTED: CallEvent = {
  type: 'stream.connected',
  inboundFormat: PCMU_8K,
  outboundFormat: PCMU_8K,
  streamId: 's1'
}

export const SESSION_READY: CallEvent = {
  type: 'session.ready',
  engine: 'local',
  connectMs: 40,
  inputFormat: PCMU_8K,
  outputFormat: PCMU_8K
}

/** Records in a database of its own, at work; `flush` fails where not everything gets there. */
export async function start(databases: TestDatabases, t: TestContext, options: RecorderRigOptions = {}) {
  const database = await databases.create(t)
  await migrate(database.pool, capture().log)
  const rig = createRecorderRig(t, database, options)
  rig.recorder.start()
  const flush = async () => assert.ok(await rig.recorder.flush(FLUSH_MS), JSON.stringify(rig.logs.lines))
  return { ...rig, pool: database.pool, flush }
}
