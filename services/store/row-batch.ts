import type { AudioFormat } from '../../audio/format.ts'
import type { CallEvent, CallIdentity, EndReason } from '../../sessions/contracts/call-events.ts'
import { carrierTimes } from './carrier-times.ts'
import type { SpoolRecord } from './spool/spool-record.ts'

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

/** Leave nothing at all: other events tell them whole, or they are too many to be worth a row each. */
const UNRECORDED: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'transcript',
  'media.malformed'
])
/** Leave no row in `call_events`: other tables tell them. */
const UNLISTED: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>(['usage', 'call.heartbeat'])
/** Rows other than those of `call_events` depend on them. */
const ESSENTIAL: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'call.initiated',
  'call.answered',
  'stream.connected',
  'session.ready',
  'turn.completed',
  'usage',
  'call.ended'
])

export function isRecorded(type: CallEvent['type']): boolean {
  return !UNRECORDED.has(type)
}

export function isEssential(type: CallEvent['type']): boolean {
  return ESSENTIAL.has(type)
}

/** Rows by table, named as their columns; instants in ISO 8601. What `store-batch.sql` takes. */
export interface RowBatch {
  /** Of all calls that the other rows are of. */
  readonly ids: readonly string[]
  readonly calls: readonly CallPatch[]
  /** Calls that are told nothing new, and are not stored for all we know: it is enough that they are there. */
  readonly known: readonly CallPatch[]
  readonly turns: readonly Row[]
  readonly events: readonly Row[]
  readonly items: readonly Row[]
  readonly ends: readonly Row[]
}

type Row = Readonly<Record<string, unknown>>

/** What is known of a call by its events so far; null leaves a column as it is. */
interface CallPatch {
  readonly id: string
  status: 'initiated' | 'answered' | 'live' | 'ended' | 'failed'
  replica_id: string
  ended_at: string | null
  [column: string]: unknown
}

/** What these events, in order, leave in the database. `isStored`: whether there is a row of this call. */
export function toRows(records: readonly SpoolRecord[], isStored: (callId: string) => boolean): RowBatch {
  const calls = new Map<string, CallPatch>()
  const changed = new Set<CallPatch>()
  const turns = new Map<string, Row[]>()
  const events = new Map<string, Row>()
  const items = new Map<string, Row>()
  const ends = new Map<string, Row>()
  for (const [place, record] of records.entries()) {
    const { call, at, event } = record
    const patch = calls.get(call.callId) ?? newPatch(record)
    calls.set(call.callId, patch)
    if (changeCall(patch, record)) changed.add(patch)
    if (event.type === 'turn.completed')
      turns.set(`${call.callId} ${event.turn.turnIndex}`, turnSides(call.callId, event))
    const listed = UNLISTED.has(event.type) ? null : eventRow(place, record)
    if (listed && !events.has(listed.event_id)) events.set(listed.event_id, listed)
    for (const [index, item] of (record.items ?? []).entries()) {
      // Of a call's carrier there is one: its minutes.
      const item_id = item.kind === 'carrier' ? `${call.callId}-${item.model}` : `${record.id}-${index}`
      const { costUsd: cost_usd, priceDate: price_date, ...usage } = item
      const row = {
        place,
        item_id,
        call_id: call.callId,
        ...usage,
        cost_usd,
        price_date,
        recorded_at: iso(at)
      }
      if (!items.has(item_id)) items.set(item_id, row)
    }
    if (event.type === 'call.ended' && event.answeredAt !== null && !ends.has(call.callId))
      ends.set(call.callId, minutesRow(call, event, event.answeredAt))
  }
  const patches = [...calls.values()]
  return {
    ids: [...calls.keys()],
    calls: patches.filter((patch) => changed.has(patch)),
    known: patches.filter((patch) => !changed.has(patch) && !isStored(patch.id)),
    turns: [...turns.values()].flat(),
    events: [...events.values()],
    items: [...items.values()],
    ends: [...ends.values()]
  }
}

function newPatch({ call, at, replicaId }: SpoolRecord): CallPatch {
  return {
    id: call.callId,
    carrier: call.carrier,
    carrier_call_id: call.carrierCallId,
    direction: call.direction,
    from_number: call.from,
    to_number: call.to,
    agent_id: call.agentId,
    status: 'initiated',
    initiated_at: iso(at),
    replica_id: replicaId,
    ended_at: null
  }
}

/** Whether the event says anything of the call itself. */
function changeCall(patch: CallPatch, { at, replicaId, event }: SpoolRecord): boolean {
  switch (event.type) {
    case 'call.answered':
      patch.answered_at ??= iso(at)
      if (patch.status === 'initiated') patch.status = 'answered'
      return true
    case 'stream.connected':
      patch.stream_codec = STREAM_CODEC[event.inboundFormat.encoding]
      patch.stream_sample_rate = event.inboundFormat.sampleRate
      goLive(patch, at, replicaId)
      return true
    case 'session.ready':
      patch.engine = event.engine
      goLive(patch, at, replicaId)
      return true
    case 'call.heartbeat':
      signOfLife(patch, at, replicaId)
      return true
    case 'call.ended':
      if (patch.ended_at === null) endCall(patch, at, event)
      return true
    case 'carrier.event': {
      const { startedAt, endedAt, seconds } = carrierTimes(event)
      // The later of two starts: when it rang, and when it was answered.
      const known = patch.carrier_started_at as string | undefined
      if (startedAt !== null && (known === undefined || iso(startedAt) > known))
        patch.carrier_started_at = iso(startedAt)
      if (endedAt !== null) patch.carrier_ended_at ??= iso(endedAt)
      if (seconds !== null) patch.carrier_seconds ??= seconds
      return true
    }
    default:
      return false
  }
}

function goLive(patch: CallPatch, at: number, replicaId: string): void {
  if (patch.status === 'initiated' || patch.status === 'answered') patch.status = 'live'
  signOfLife(patch, at, replicaId)
}

/** A call that is over gives none. */
function signOfLife(patch: CallPatch, at: number, replicaId: string): void {
  if (patch.ended_at !== null) return
  patch.last_heartbeat_at = iso(at)
  patch.replica_id = replicaId
}

function endCall(patch: CallPatch, at: number, event: EventOf<'call.ended'>): void {
  const { reason, detail = null, answeredAt, answerToGreetingMs, deadAirMs } = event
  if (answeredAt !== null) patch.answered_at ??= iso(answeredAt)
  patch.status = answeredAt === null && FAILURES.has(reason) ? 'failed' : 'ended'
  patch.end_reason = reason
  patch.end_detail = detail
  patch.ended_at = iso(at)
  patch.duration_seconds = wholeMs(event.durationMs) / 1000
  patch.answer_to_greeting_ms = answerToGreetingMs
  patch.dead_air_ms = deadAirMs
}

/** A fraction of a millisecond must not start another minute. */
function wholeMs(durationMs: number): number {
  return Math.round(durationMs)
}

function minutesRow(call: CallIdentity, event: EventOf<'call.ended'>, answeredAt: number): Row {
  const durationMs = wholeMs(event.durationMs)
  return {
    call_id: call.callId,
    agent_id: call.agentId,
    number: call.direction === 'inbound' ? call.to : call.from,
    direction: call.direction,
    started_at: iso(answeredAt),
    ended_at: iso(answeredAt + durationMs),
    seconds: durationMs / 1000
  }
}

function eventRow(place: number, { id, call, at, event }: SpoolRecord) {
  const row = { place, call_id: call.callId }
  if (event.type === 'carrier.event') {
    const { name, eventId, occurredAt, payload } = event
    return { ...row, type: name, event_id: eventId, occurred_at: iso(occurredAt), payload }
  }
  const { type, ...payload } = event
  return { ...row, type, event_id: id, occurred_at: iso(at), payload }
}

/** How fast the reply came, and how much of it was heard, belong to the reply. */
function turnSides(callId: string, { turn, revised }: EventOf<'turn.completed'>): Row[] {
  const { turnIndex, caller, agent } = turn
  const sides: Row[] = []
  for (const [speaker, side] of [['caller', caller] as const, ['agent', agent] as const]) {
    if (!side) continue
    const reply = speaker === 'agent'
    const latency = reply || !agent ? turn.latency : null
    sides.push({
      call_id: callId,
      turn_index: turnIndex,
      speaker,
      said_text: side.saidText,
      heard_text: side.heardText,
      interrupted: reply && turn.interrupted,
      started_at: iso(side.startedAt),
      ended_at: iso(side.endedAt),
      said_ms: reply ? turn.saidMs : null,
      heard_ms: reply ? turn.heardMs : null,
      response_ms: latency?.responseMs ?? null,
      endpoint_ms: latency?.endpointMs ?? null,
      engine_ms: latency?.engineMs ?? null,
      playout_ms: latency?.playoutMs ?? null,
      revised
    })
  }
  return sides
}

/** The one before is often asked for again: a record has several rows. */
const latest = { at: Number.NaN, iso: '' }

function iso(at: number): string {
  if (at !== latest.at) Object.assign(latest, { at, iso: new Date(at).toISOString() })
  return latest.iso
}
