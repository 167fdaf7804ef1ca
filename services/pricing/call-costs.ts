import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { PriceBook } from './price-book.ts'
import { priceEvent } from './pricing.ts'

/** Ten decimals of a dollar: what is left of adding binary fractions. */
const COST_DIGITS = 10

/** What each live call has cost so far. Has to subscribe before those who ask it when a call ends. */
export class CallCosts {
  readonly #costs = new Map<string, number>()
  readonly #unsubscribe: () => void

  constructor({ events, prices }: { events: CallEvents; prices: PriceBook }) {
    this.#unsubscribe = events.subscribe(
      (published) => {
        const { callId } = published.call
        for (const { costUsd } of priceEvent(prices, published))
          if (costUsd !== null) this.#costs.set(callId, (this.#costs.get(callId) ?? 0) + costUsd)
        // Everybody else is told of the end in the same breath.
        if (published.event.type === 'call.ended') queueMicrotask(() => this.#costs.delete(callId))
      },
      (type) => type === 'usage' || type === 'call.ended'
    )
  }

  /** US dollars; null where no price is known of anything it used. */
  costOf(callId: string): number | null {
    const cost = this.#costs.get(callId)
    return cost === undefined ? null : Number(cost.toFixed(COST_DIGITS))
  }

  close(): void {
    this.#unsubscribe()
  }
}
