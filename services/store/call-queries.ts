import type { CallIdentity, EndReason, TurnRecord, TurnSide } from '../../sessions/contracts/call-events.ts'

/** What `pg` takes. */
export interface Query {
  readonly text: string
  readonly values: unknown[]
}

/**
 * Instants are epoch milliseconds. Every write may be run again: it changes nothing the second time. None moves a
 * call's status backwards, so that an event which comes late only fills in what is missing.
 */
export function insertCall(call: CallIdentity, initiatedAt: number, replicaId: string): Query {
  return {
    text: `insert into calls
      (id, carrier, carrier_call_id, direction, from_number, to_number, agent_id, initiated_at, replica_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    values: [
      call.callId,
      call.carrier,
      call.carrierCallId,
      call.direction,
      call.from,
      call.to,
      call.agentId,
      new Date(initiatedAt),
      replicaId
    ]
  }
}

export function markAnswered(callId: string, answeredAt: number): Query {
  return {
    text: `update calls set answered_at = coalesce(answered_at, $2),
      status = case status when 'initiated' then 'answered' else status end
      where id = $1`,
    values: [callId, new Date(answeredAt)]
  }
}

/** What is null is left as it is. */
export function markLive(
  callId: string,
  live: {
    at: number
    replicaId: string
    streamCodec?: string | null
    streamSampleRate?: number | null
    engine?: string | null
  }
): Query {
  return {
    text: `update calls set
      stream_codec = coalesce($2, stream_codec),
      stream_sample_rate = coalesce($3, stream_sample_rate),
      engine = coalesce($4, engine),
      status = case when status in ('initiated', 'answered') then 'live' else status end,
      replica_id = case when status in ('ended', 'failed') then replica_id else $5 end,
      last_heartbeat_at = greatest(last_heartbeat_at, $6)
      where id = $1`,
    values: [
      callId,
      live.streamCodec ?? null,
      live.streamSampleRate ?? null,
      live.engine ?? null,
      live.replicaId,
      new Date(live.at)
    ]
  }
}

export function markHeartbeat(callId: string, at: number, replicaId: string): Query {
  return {
    text: `update calls set last_heartbeat_at = greatest(last_heartbeat_at, $2), replica_id = $3
      where id = $1 and status not in ('ended', 'failed')`,
    values: [callId, new Date(at), replicaId]
  }
}

export interface CallEnd {
  readonly status: 'ended' | 'failed'
  readonly reason: EndReason
  readonly detail: string | null
  /** null where the call was never answered. */
  readonly answeredAt: number | null
  readonly endedAt: number
  readonly durationMs: number
  readonly answerToGreetingMs: number | null
  readonly deadAirMs: number
}

/** The first end stays, except the guess that a replica made when it took this one's call for lost. */
export function endCall(callId: string, end: CallEnd): Query {
  return {
    text: `update calls set status = $2, end_reason = $3, answered_at = coalesce(answered_at, $4),
      ended_at = $5, duration_seconds = round($6::numeric / 1000, 3),
      answer_to_greeting_ms = $7, dead_air_ms = $8, end_detail = $9
      where id = $1 and (status not in ('ended', 'failed') or end_reason = 'server_lost')`,
    values: [
      callId,
      end.status,
      end.reason,
      end.answeredAt === null ? null : new Date(end.answeredAt),
      new Date(end.endedAt),
      end.durationMs,
      end.answerToGreetingMs,
      end.deadAirMs,
      end.detail
    ]
  }
}

export function insertCallEvent(
  callId: string,
  event: { type: string; eventId: string; occurredAt: number; payload: unknown }
): Query {
  return {
    text: `insert into call_events (call_id, type, event_id, occurred_at, payload)
      values ($1, $2, $3, $4, $5) on conflict (event_id) do nothing`,
    values: [
      callId,
      event.type,
      event.eventId,
      new Date(event.occurredAt),
      JSON.stringify(event.payload, (_key, value) => (typeof value === 'string' ? withoutNul(value) : value))
    ]
  }
}

/** Replaces both sides of a turn, the caller's first: to be run in one transaction. */
export function replaceTurn(callId: string, turn: TurnRecord): Query[] {
  const remove = {
    text: 'delete from turns where call_id = $1 and turn_index = $2',
    values: [callId, turn.turnIndex]
  }
  const sides: Query[] = []
  if (turn.caller) sides.push(insertTurnSide(callId, turn, 'caller', turn.caller))
  if (turn.agent) sides.push(insertTurnSide(callId, turn, 'agent', turn.agent))
  return [remove, ...sides]
}

/** How fast the reply came, and how much of it was heard, belong to the reply. */
function insertTurnSide(
  callId: string,
  turn: TurnRecord,
  speaker: 'caller' | 'agent',
  side: TurnSide
): Query {
  const reply = speaker === 'agent'
  const latency = reply || !turn.agent ? turn.latency : null
  return {
    text: `insert into turns
      (call_id, turn_index, speaker, said_text, heard_text, interrupted, started_at, ended_at, said_ms, heard_ms,
       response_ms, endpoint_ms, engine_ms, playout_ms)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [
      callId,
      turn.turnIndex,
      speaker,
      withoutNul(side.saidText),
      withoutNul(side.heardText),
      reply && turn.interrupted,
      new Date(side.startedAt),
      new Date(side.endedAt),
      reply ? turn.saidMs : null,
      reply ? turn.heardMs : null,
      latency?.responseMs ?? null,
      latency?.endpointMs ?? null,
      latency?.engineMs ?? null,
      latency?.playoutMs ?? null
    ]
  }
}

export interface Orphans {
  readonly replicaId: string
  /**
   * Which open calls nobody holds any more. `all`: every one, since nobody else uses the database; `boot`: those under
   * this replica's id, which has none yet, and those of others that are silent; `others`: only the latter.
   */
  readonly scope: 'all' | 'boot' | 'others'
  readonly now: number
}

/**
 * Closes calls that a process left open when it died. They are taken to have lasted until the last sign of life, and
 * their minutes count as estimated. Silent is who gave no sign for a minute (a heartbeat comes every 10 s); a call that
 * still rings gives none, and has five.
 */
export function closeOrphans({ replicaId, scope, now }: Orphans): Query {
  return {
    text: `with closed as (
      update calls set
        status = case when answered_at is null then 'failed' else 'ended' end,
        end_reason = 'server_lost',
        ended_at = greatest(last_heartbeat_at, answered_at, initiated_at),
        duration_seconds = round(coalesce(extract(epoch from greatest(last_heartbeat_at, answered_at) - answered_at), 0), 3)
      where status in ('initiated', 'answered', 'live')
        and ($2 = 'all'
          or ($2 = 'boot' and replica_id = $1)
          or (replica_id is distinct from $1
            and coalesce(last_heartbeat_at, answered_at, initiated_at + interval '4 minutes')
              < $3::timestamptz - interval '60 seconds'))
      returning *
    ), estimated as (
      insert into usage_minutes
        (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes, estimated)
      select id, agent_id, case direction when 'inbound' then to_number else from_number end, direction,
        answered_at, ended_at, duration_seconds, greatest(1, ceil(duration_seconds / 60)), true
      from closed where answered_at is not null
      on conflict (call_id) do nothing
    )
    select id from closed`,
    values: [replicaId, scope, new Date(now)]
  }
}

export function setRecordingPath(callId: string, recordingPath: string): Query {
  return { text: 'update calls set recording_path = $2 where id = $1', values: [callId, recordingPath] }
}

/** PostgreSQL takes no U+0000 in text or jsonb; a carrier or a model may send one. */
function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '')
}
