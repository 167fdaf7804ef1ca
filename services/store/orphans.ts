import type pg from 'pg'
import type { CallIdentity } from '../../sessions/contracts/call-events.ts'
import type { Rounding } from '../config.ts'
import type { PriceBook } from '../pricing/price-book.ts'
import { carrierUsage, priceRecord } from '../pricing/pricing.ts'
import { closeOrphans, insertCarrierUsage, type Orphans } from './call-queries.ts'
import { withTransaction } from './transaction.ts'

type ClosedCall = {
  readonly id: string
  readonly carrier: CallIdentity['carrier']
  readonly direction: CallIdentity['direction']
  readonly ended_at: Date
  readonly duration_seconds: number
  readonly answered: boolean
}

/**
 * Closes what a process that died left open, as `server_lost`, with estimated minutes and what the carrier will bill for
 * them. Resolves with the ids of the calls; rejects with the driver's error, with nothing changed.
 */
export function closeLostCalls(
  pool: pg.Pool,
  orphans: Orphans,
  { rounding, prices }: { rounding: Rounding; prices: PriceBook }
): Promise<string[]> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<ClosedCall>(closeOrphans(orphans, rounding))
    for (const call of rows.filter(({ answered }) => answered)) {
      const at = call.ended_at.getTime()
      for (const usage of carrierUsage(call, call.duration_seconds * 1000))
        await client.query(insertCarrierUsage(call.id, at, priceRecord(prices, usage, at)))
    }
    return rows.map(({ id }) => id)
  })
}
