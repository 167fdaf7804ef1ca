import type { UsageRecord } from '../../sessions/contracts/agent-engine.ts'
import type { CallIdentity, PublishedCallEvent } from '../../sessions/contracts/call-events.ts'
import type { Price, PriceBook } from './price-book.ts'

/** Usage with what it cost on that day. */
export interface PricedUsage extends UsageRecord {
  /** US dollars; null where the price is unknown. */
  readonly costUsd: number | null
  /** The day that the price is of, `YYYY-MM-DD`; null where it is unknown. */
  readonly priceDate: string | null
}

/** Digits behind the point of a dollar: far below the price of one token. */
const COST_DIGITS = 12

/**
 * What an event costs: the engine's usage, and at the end of an answered call the carrier's minutes, of which each that
 * was begun counts.
 */
export function priceEvent(prices: PriceBook, { call, at, event }: PublishedCallEvent): PricedUsage[] {
  if (event.type === 'usage') return event.records.map((record) => priceRecord(prices, record, at))
  if (event.type !== 'call.ended' || event.answeredAt === null) return []
  return carrierUsage(call, event.durationMs).map((record) => priceRecord(prices, record, at))
}

export function priceRecord(prices: PriceBook, record: UsageRecord, at: number): PricedUsage {
  const price = prices.find(record, at)
  if (price === null) return { ...record, costUsd: null, priceDate: null }
  return { ...record, costUsd: costOf(record.quantity, price), priceDate: price.date }
}

/** What a carrier bills for a call: the line, and the stream of its audio. A test call has no carrier. */
export function carrierUsage(
  { carrier, direction }: Pick<CallIdentity, 'carrier' | 'direction'>,
  durationMs: number
): UsageRecord[] {
  if (carrier === 'test') return []
  const quantity = Math.max(1, Math.ceil(Math.round(durationMs) / 60_000))
  return [`voice_${direction}`, 'media_stream'].map((model) => {
    return { provider: carrier, model, kind: 'carrier', unit: 'minute', quantity }
  })
}

function costOf(quantity: number, { usd, per }: Price): number {
  return Number(((quantity * usd) / per).toFixed(COST_DIGITS))
}
