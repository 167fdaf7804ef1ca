import type { UsageRecord } from '../../sessions/contracts/agent-engine.ts'
import type { CallIdentity } from '../../sessions/contracts/call-events.ts'
import type { Query } from './call-queries.ts'

/** Each started minute counts; an answered call counts at least one. An estimate gives way to what was measured. */
export function insertUsageMinutes(call: CallIdentity, answeredAt: number, durationMs: number): Query {
  return {
    text: `insert into usage_minutes
      (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes, estimated)
      values ($1, $2, $3, $4, $5, $6, round($7::numeric / 1000, 3), greatest(1, ceil($7::numeric / 60000)), false)
      on conflict (call_id) do update set ended_at = excluded.ended_at, seconds = excluded.seconds,
        minutes = excluded.minutes, estimated = false
        where usage_minutes.estimated`,
    values: [
      call.callId,
      call.agentId,
      call.direction === 'inbound' ? call.to : call.from,
      call.direction,
      new Date(answeredAt),
      new Date(answeredAt + durationMs),
      durationMs
    ]
  }
}

export interface PricedUsage {
  readonly record: UsageRecord
  /** Tells the record from every other. */
  readonly itemId: string
  /** US dollars; null where the price is unknown. */
  readonly costUsd: number | null
  /** The day that the price is of, `YYYY-MM-DD`. */
  readonly priceDate: string | null
}

export function insertUsageItem(callId: string, at: number, usage: PricedUsage): Query {
  const { provider, model, kind, unit, quantity } = usage.record
  return {
    text: `insert into usage_items
      (call_id, item_id, provider, model, kind, unit, quantity, cost_usd, price_date, recorded_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (item_id) do nothing`,
    values: [
      callId,
      usage.itemId,
      provider,
      model,
      kind,
      unit,
      quantity,
      usage.costUsd,
      usage.priceDate,
      new Date(at)
    ]
  }
}
