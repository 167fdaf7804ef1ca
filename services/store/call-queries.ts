import type { Rounding } from '../config.ts'
import type { PricedUsage } from '../pricing/pricing.ts'

/** What `pg` takes. */
export interface Query {
  readonly text: string
  readonly values: unknown[]
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
 * their minutes count as estimated. Silent is who gave no sign for a minute (a heartbeat comes every few seconds); a call
 * that still rings gives none, and has five.
 */
export function closeOrphans({ replicaId, scope, now }: Orphans, rounding: Rounding): Query {
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
      insert into usage_minutes as minutes
        (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes, estimated)
      select id, agent_id, case direction when 'inbound' then to_number else from_number end, direction,
        answered_at, ended_at, duration_seconds, billed_minutes(duration_seconds, $4, $5), true
      from closed where answered_at is not null
      on conflict (call_id) do update set
        ended_at = excluded.ended_at, seconds = excluded.seconds, minutes = excluded.minutes
        where minutes.estimated
    )
    select id, carrier, direction, ended_at, duration_seconds, answered_at is not null as answered from closed`,
    values: [replicaId, scope, new Date(now), rounding.firstSeconds, rounding.stepSeconds]
  }
}

/** The carrier's minutes of a call that was closed as lost; its true end will replace them. */
export function insertCarrierUsage(callId: string, at: number, usage: PricedUsage): Query {
  const { provider, model, kind, unit, quantity, costUsd, priceDate } = usage
  return {
    text: `insert into usage_items as item
      (call_id, item_id, provider, model, kind, unit, quantity, cost_usd, price_date, recorded_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (item_id) do update set
        quantity = excluded.quantity, cost_usd = excluded.cost_usd, price_date = excluded.price_date`,
    values: [
      callId,
      `${callId}-${model}`,
      provider,
      model,
      kind,
      unit,
      quantity,
      costUsd,
      priceDate,
      new Date(at)
    ]
  }
}

export function setRecordingPath(callId: string, recordingPath: string): Query {
  return { text: 'update calls set recording_path = $2 where id = $1', values: [callId, recordingPath] }
}
