import type pg from 'pg'
import type { EngineName, UsageRecord } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { EndReason } from '../../sessions/contracts/call-events.ts'
import type { CarrierName } from '../../sessions/contracts/carrier.ts'
import { insertAgent } from './agent-store.ts'
import { type Query, setRecordingPath } from './call-queries.ts'
import * as reads from './read-queries.ts'

/** Rows are named as their SQL columns; types, not interfaces, so that they pass for records. */
export type CallRow = {
  readonly id: string
  readonly carrier: CarrierName
  readonly carrier_call_id: string
  readonly direction: 'inbound' | 'outbound'
  readonly from_number: string | null
  readonly to_number: string | null
  readonly agent_id: string
  readonly status: 'initiated' | 'answered' | 'live' | 'ended' | 'failed'
  readonly end_reason: EndReason | null
  /** What exactly: `busy`, `no_answer`, `machine`, a carrier's error code. */
  readonly end_detail: string | null
  readonly initiated_at: Date
  readonly answered_at: Date | null
  readonly ended_at: Date | null
  readonly duration_seconds: number | null
  readonly stream_codec: 'PCMU' | 'PCMA' | 'L16' | null
  readonly stream_sample_rate: number | null
  readonly engine: EngineName | null
  readonly replica_id: string | null
  readonly last_heartbeat_at: Date | null
  readonly recording_path: string | null
  readonly answer_to_greeting_ms: number | null
  readonly dead_air_ms: number | null
  /** By the carrier's clock; null where it told none. */
  readonly carrier_started_at: Date | null
  readonly carrier_ended_at: Date | null
  /** From answer to end, where the carrier tells only this. */
  readonly carrier_seconds: number | null
}

export type TurnRow = {
  readonly turn_index: number
  readonly speaker: 'caller' | 'agent'
  readonly said_text: string
  readonly heard_text: string
  readonly interrupted: boolean
  readonly started_at: Date
  readonly ended_at: Date
  readonly said_ms: number | null
  readonly heard_ms: number | null
  readonly response_ms: number | null
  readonly endpoint_ms: number | null
  readonly engine_ms: number | null
  readonly playout_ms: number | null
}

export type CallEventRow = {
  readonly type: string
  readonly event_id: string
  readonly occurred_at: Date
  readonly payload: unknown
}

export type UsageItemRow = UsageRecord & {
  readonly cost_usd: number | null
  /** `YYYY-MM-DD`. */
  readonly price_date: string | null
}

export type UsageMinutesRow = {
  readonly call_id: string
  readonly agent_id: string
  readonly number: string | null
  readonly direction: 'inbound' | 'outbound'
  readonly started_at: Date
  readonly ended_at: Date
  readonly seconds: number
  readonly minutes: number
  /** Closed after a crash, up to the last sign of life. */
  readonly estimated: boolean
  /** By the carrier's own times; null where it told none. */
  readonly carrier_seconds: number | null
  /** Whether these are more than two seconds away from ours. */
  readonly carrier_differs: boolean
}

/** What the chat model found out of a call that was over; what it was not asked for is null. */
export type CallAnalysisRow = {
  readonly model: string
  readonly summary: string | null
  readonly data: unknown
  readonly success: boolean | null
  readonly success_reason: string | null
  /** Why there is nothing of it; null where there is. */
  readonly error: string | null
}

export type CallDetails = CallRow & {
  /** In order; within a turn the caller comes first. */
  readonly turns: readonly TurnRow[]
  readonly events: readonly CallEventRow[]
  readonly usage: {
    readonly minutes: UsageMinutesRow | null
    readonly items: readonly UsageItemRow[]
  }
  readonly analysis: CallAnalysisRow | null
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What is remembered of calls. Every method rejects with the driver's error where the database is out of reach. */
export class PostgresCallStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** By our id or the carrier's, with turns, events and usage; null where there is none. */
  async findCall(id: string): Promise<CallDetails | null> {
    const call = await this.findCallRow(id)
    if (!call) return null
    const [turns, events, items, minutes, analyses] = await Promise.all([
      this.#rows<TurnRow>(reads.selectTurns(call.id)),
      this.#rows<CallEventRow>(reads.selectCallEvents(call.id)),
      this.#rows<UsageItemRow>(reads.selectUsageItems(call.id)),
      this.#rows<UsageMinutesRow>(reads.selectUsageMinutes(call.id)),
      this.#rows<CallAnalysisRow>(reads.selectAnalysis(call.id))
    ])
    const usage = { minutes: minutes[0] ?? null, items }
    return { ...call, turns, events, usage, analysis: analyses[0] ?? null }
  }

  /** The row alone. */
  async findCallRow(id: string): Promise<CallRow | null> {
    const byOurs = UUID.test(id) ? await this.#rows<CallRow>(reads.selectCallById(id)) : []
    const found = byOurs[0] ?? (await this.#rows<CallRow>(reads.selectCallByCarrierId(id)))[0]
    return found ?? null
  }

  /** Newest first, at most `limit`; `next` is the cursor of the page after this one, null on the last. */
  async listCalls(filter: reads.CallFilter): Promise<{ data: CallRow[]; next: string | null }> {
    if (filter.before !== null && !UUID.test(filter.before)) return { data: [], next: null }
    const rows = await this.#rows<CallRow>(reads.selectCalls({ ...filter, limit: filter.limit + 1 }))
    const data = rows.slice(0, filter.limit)
    return { data, next: rows.length > data.length ? (data.at(-1)?.id ?? null) : null }
  }

  /** Who answers a dialled number; `default` where nobody was set for it; null where even that is missing. */
  async agentForNumber(e164: string | null): Promise<AgentProfile | null> {
    const [row] = await this.#rows<AgentProfile>(reads.selectAgentForNumber(e164))
    return row ?? null
  }

  async findAgent(agentId: string): Promise<AgentProfile | null> {
    const [row] = await this.#rows<AgentProfile>(reads.selectAgent(agentId))
    return row ?? null
  }

  async seedAgent(profile: AgentProfile): Promise<void> {
    await this.#pool.query(insertAgent(profile))
  }

  /** How many calls were placed since then, also those that nobody answered. */
  async countOutbound(since: Date): Promise<number> {
    const [row] = await this.#rows<{ calls: number }>(reads.countOutbound(since))
    return row?.calls ?? 0
  }

  /** `recordingPath` is relative to DATA_DIR. */
  async setRecordingPath(callId: string, recordingPath: string): Promise<void> {
    await this.#pool.query(setRecordingPath(callId, recordingPath))
  }

  async #rows<Row>(query: Query): Promise<Row[]> {
    const { rows } = await this.#pool.query(query)
    return rows as Row[]
  }
}
