import { PROFILE_COLUMNS } from './agent-store.ts'
import type { Query } from './call-queries.ts'

export function selectCallById(callId: string): Query {
  return { text: 'select * from calls where id = $1', values: [callId] }
}

/** The newest, should a carrier ever repeat an id. */
export function selectCallByCarrierId(carrierCallId: string): Query {
  return {
    text: 'select * from calls where carrier_call_id = $1 order by initiated_at desc limit 1',
    values: [carrierCallId]
  }
}

export function selectTurns(callId: string): Query {
  return {
    text: 'select * from turns where call_id = $1 order by call_id, turn_index, speaker desc',
    values: [callId]
  }
}

export function selectCallEvents(callId: string): Query {
  return {
    text: `select type, event_id, occurred_at, payload from call_events
      where call_id = $1 order by occurred_at, id`,
    values: [callId]
  }
}

export function selectUsageItems(callId: string): Query {
  return {
    text: `select provider, model, kind, unit, quantity, cost_usd, price_date from usage_items
      where call_id = $1 order by id`,
    values: [callId]
  }
}

export function selectAnalysis(callId: string): Query {
  return {
    text: `select model, summary, data, success, success_reason, error from call_analysis where call_id = $1`,
    values: [callId]
  }
}

export function selectUsageMinutes(callId: string): Query {
  return { text: 'select * from usage_minutes where call_id = $1', values: [callId] }
}

export interface CallFilter {
  /** `live`: not over yet. `ended`: over, however. */
  readonly status: 'live' | 'ended' | null
  readonly limit: number
  /** Id of the last call of the page before; null for the first page. */
  readonly before: string | null
}

/** Newest first. */
export function selectCalls(filter: CallFilter): Query {
  return {
    text: `select * from calls
      where ($1::text is null or (status in ('ended', 'failed')) = ($1 = 'ended'))
        and ($2::uuid is null or (initiated_at, id) < (select initiated_at, id from calls where id = $2))
      order by initiated_at desc, id desc limit $3`,
    values: [filter.status, filter.before, filter.limit]
  }
}

/** The agent of a number, else `default`. */
export function selectAgentForNumber(e164: string | null): Query {
  return {
    text: `select ${PROFILE_COLUMNS} from agents left join numbers on numbers.agent_id = agents.id and numbers.e164 = $1
      where numbers.e164 is not null or agents.id = 'default'
      order by numbers.e164 is null limit 1`,
    values: [e164]
  }
}

export function selectAgent(agentId: string): Query {
  return { text: `select ${PROFILE_COLUMNS} from agents where id = $1`, values: [agentId] }
}

/** How many calls were placed since then, also those that nobody answered. */
export function countOutbound(since: Date): Query {
  return {
    text: `select count(*) as calls from calls where direction = 'outbound' and initiated_at >= $1`,
    values: [since]
  }
}
