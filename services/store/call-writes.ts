import { createHash } from 'node:crypto'
import type { AudioFormat } from '../../audio/format.ts'
import type { UsageRecord } from '../../sessions/contracts/agent-engine.ts'
import type {
  CallEvent,
  CallIdentity,
  EndReason,
  PublishedCallEvent
} from '../../sessions/contracts/call-events.ts'
import * as queries from './call-queries.ts'
import * as usage from './usage-queries.ts'
import type { CallWrite } from './write-queue.ts'

/** null where the price of a unit is unknown. */
export type Price = (record: UsageRecord) => { costUsd: number; priceDate: string } | null

type EventOf<Type extends CallEvent['type']> = Extract<CallEvent, { type: Type }>

/** Ends of a call that was never answered which are nobody's wish. */
const FAILURES: ReadonlySet<EndReason> = new Set<EndReason>([
  'carrier_failed',
  'connect_timeout',
  'draining',
  'engine_failed',
  'internal',
  'media_lost',
  'rejected_capacity',
  'server_lost'
])

const STREAM_CODEC = { pcmu: 'PCMU', pcma: 'PCMA', pcm16: 'L16' } as const satisfies Record<
  AudioFormat['encoding'],
  string
>

/** Leave no row in `call_events`: they are told whole by other tables, or too many to be worth a row each. */
const UNKEPT: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'transcript',
  'usage',
  'media.malformed',
  'call.heartbeat'
])

/** What an event leaves in the database, once the call has its row; null where it leaves nothing. */
export function writeOf(
  published: PublishedCallEvent,
  options: { replicaId: string; price: Price }
): CallWrite | null {
  const { call, at, event } = published
  const facts = factsOf(published, options)
  const kept = keptEvent(published)
  const statements = kept ? [...facts, queries.insertCallEvent(call.callId, kept)] : facts
  if (statements.length === 0) return null
  return {
    callId: call.callId,
    operation: event.type === 'carrier.event' ? event.name : event.type,
    essential: facts.length > 0 && event.type !== 'call.heartbeat',
    statements,
    summary: summaryOf(call, at, event)
  }
}

/** The rows other than the call's own and those of `call_events`. */
function factsOf(
  { call, at, event }: PublishedCallEvent,
  { replicaId, price }: { replicaId: string; price: Price }
): queries.Query[] {
  const { callId } = call
  switch (event.type) {
    case 'call.answered':
      return [queries.markAnswered(callId, at)]
    case 'stream.connected': {
      const { encoding, sampleRate } = event.inboundFormat
      const streamCodec = STREAM_CODEC[encoding]
      return [queries.markLive(callId, { at, replicaId, streamCodec, streamSampleRate: sampleRate })]
    }
    case 'session.ready':
      return [queries.markLive(callId, { at, replicaId, engine: event.engine })]
    case 'turn.completed':
      return queries.replaceTurn(callId, event.turn)
    case 'usage':
      return event.records.map((record, index) => {
        const priced = price(record)
        const itemId = fingerprint(callId, at, index, record)
        const costUsd = priced?.costUsd ?? null
        const priceDate = priced?.priceDate ?? null
        return usage.insertUsageItem(callId, at, { record, itemId, costUsd, priceDate })
      })
    case 'call.heartbeat':
      return [queries.markHeartbeat(callId, at, replicaId)]
    case 'call.ended':
      return endOf(call, at, event)
    default:
      return []
  }
}

function endOf(call: CallIdentity, at: number, event: EventOf<'call.ended'>): queries.Query[] {
  const { reason, detail = null, answeredAt, answerToGreetingMs, deadAirMs } = event
  // Whole milliseconds: a fraction must not start another minute.
  const durationMs = Math.round(event.durationMs)
  const status = answeredAt === null && FAILURES.has(reason) ? 'failed' : 'ended'
  const figures = { durationMs, answerToGreetingMs, deadAirMs }
  const end = queries.endCall(call.callId, { status, reason, detail, answeredAt, endedAt: at, ...figures })
  return answeredAt === null ? [end] : [end, usage.insertUsageMinutes(call, answeredAt, durationMs)]
}

function keptEvent({ call, at, event }: PublishedCallEvent) {
  if (event.type === 'carrier.event') {
    const { name, eventId, occurredAt, payload } = event
    return { type: name, eventId, occurredAt, payload }
  }
  if (UNKEPT.has(event.type)) return null
  const { type, ...payload } = event
  return { type, eventId: fingerprint(call.callId, at, 0, event), occurredAt: at, payload }
}

/** Our events have no id of their own: the same event at the same instant of the same call is the same event. */
function fingerprint(callId: string, at: number, index: number, content: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([callId, at, index, content]))
    .digest('hex')
    .slice(0, 32)
}

/** What an operator needs to make good a lost write: no words, no phone numbers. */
function summaryOf(call: CallIdentity, at: number, event: CallEvent): Record<string, unknown> {
  const { callId, carrier, carrierCallId, direction, agentId } = call
  const known = { callId, carrier, carrierCallId, direction, agentId, at: new Date(at).toISOString() }
  if (event.type === 'usage') return { ...known, usage: event.records }
  if (event.type !== 'call.ended') return known
  const { reason, answeredAt, durationMs } = event
  return { ...known, reason, durationMs, answeredAt: answeredAt && new Date(answeredAt).toISOString() }
}
