import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import type pg from 'pg'
import { AfterCalls, TELL } from '../../../services/after-call/after-calls.ts'
import { AnalysisStore } from '../../../services/after-call/analysis-store.ts'
import { CallAnalyst } from '../../../services/after-call/call-analyst.ts'
import { CallReports } from '../../../services/after-call/call-report.ts'
import { DeliveryStore } from '../../../services/after-call/delivery-store.ts'
import { JobQueue } from '../../../services/after-call/job-queue.ts'
import { UnsettledStore } from '../../../services/after-call/unsettled-store.ts'
import { WebhookDelivery } from '../../../services/after-call/webhook-delivery.ts'
import { systemClock } from '../../../services/clock.ts'
import { createRecordingLinks } from '../../../services/recording/recording-link.ts'
import { PostgresCallStore } from '../../../services/store/postgres-call-store.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import type { PublishedCallEvent } from '../../../sessions/contracts/call-events.ts'
import type { WebhookReceiver } from '../../standins/webhook-receiver.ts'
import { capture, defer } from '../../support/databases.ts'

export interface AfterCallsRigOptions {
  readonly pool: pg.Pool
  readonly receiver: WebhookReceiver
  /** null: no webhook but those of agents. */
  readonly webhookUrl?: string | null
  /** Base URL of the chat model; there is none where missing. */
  readonly openaiUrl?: string
  readonly apiKey?: string
  /** How far its clock is ahead, in ms. */
  readonly aheadMs?: number
}

/** What follows calls, on a real database, as one process runs it; closed after the test. */
export function createAfterCallsRig(test: TestContext, options: AfterCallsRigOptions) {
  const { pool, receiver } = options
  const logs = capture()
  const { log } = logs
  const published: PublishedCallEvent[] = []
  const { aheadMs = 0 } = options
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  const events = createCallEvents({ now: clock.now, onListenerError: () => {} })
  events.subscribe((event) => published.push(event))
  const jobs = new JobQueue({ pool, log })
  const calls = new PostgresCallStore(pool)
  const analyses = new AnalysisStore(pool)
  const deliveries = new DeliveryStore(pool)
  const unsettled = new UnsettledStore(pool)
  const links = createRecordingLinks({ secret: 's', origin: 'https://example.com', now: clock.now })
  const webhookUrl = options.webhookUrl === undefined ? receiver.url : options.webhookUrl
  const delivery = new WebhookDelivery({
    secret: receiver.secret,
    reports: new CallReports({ calls, analyses, links }),
    deliveries,
    urlFor: async (callId) => (await unsettled.find(callId))?.webhookUrl ?? webhookUrl,
    clock,
    log
  })
  const { openaiUrl, apiKey = 'sk-tests' } = options
  const analyst = openaiUrl ? new CallAnalyst({ apiKey, baseUrl: openaiUrl, model: 'gpt-5.4-mini' }) : null
  const waits = { graceMs: 0, retryDelaySeconds: 1 }
  const afterCalls = new AfterCalls({
    jobs,
    unsettled,
    calls,
    analyses,
    analyst,
    delivery,
    webhookUrl,
    events,
    clock,
    log,
    waits
  })
  async function close(): Promise<void> {
    await afterCalls.close()
    await jobs.close()
  }
  defer(test, close)
  const replay = (deliveryId: string, callId: string) =>
    jobs.send(TELL, { data: { callId, replay: true }, key: deliveryId })
  return { afterCalls, analyses, deliveries, events, logs, published, links, replay, close }
}

/** A call that ended a moment ago, with two turns, and its minutes. Resolves with its id. */
export async function endedCall(
  pool: pg.Pool,
  call: { agentId?: string; answered?: boolean; from?: string; to?: string; direction?: string } = {}
): Promise<string> {
  const { agentId = 'default', answered = true, from = '+15550001111', to = '+15550002222' } = call
  const { direction = 'inbound' } = call
  const id = randomUUID()
  await pool.query(
    `insert into calls (id, carrier, carrier_call_id, direction, from_number, to_number, agent_id, status, end_reason,
       initiated_at, answered_at, ended_at, duration_seconds)
     values ($1, 'telnyx', $2, $6, $3, $4, $5, 'ended', 'caller_hung_up', now() - interval '70 seconds',
       case when $7 then now() - interval '65 seconds' end, now() - interval '5 seconds', 60)`,
    [id, `v3:${id}`, from, to, agentId, direction, answered]
  )
  if (!answered) return id
  await pool.query(
    `insert into turns (call_id, turn_index, speaker, said_text, heard_text, started_at, ended_at)
     values ($1, 0, 'agent', 'Hello, how can I help?', 'Hello, how can I help?', now(), now()),
       ($1, 1, 'caller', 'A table for two on Friday.', 'A table for two on Friday.', now(), now())`,
    [id]
  )
  await pool.query(
    `insert into usage_minutes (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes)
     values ($1, $2, $3, $4, now() - interval '65 seconds', now() - interval '5 seconds', 60, 1)`,
    [id, agentId, direction === 'inbound' ? to : from, direction]
  )
  return id
}
