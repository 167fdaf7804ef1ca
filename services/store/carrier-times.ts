import type { CallEvent } from '../../sessions/contracts/call-events.ts'

/** What a carrier says of when a call began and ended, by its own clock. */
export interface CarrierTimes {
  /** Epoch milliseconds; null where the event tells nothing of it. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** From answer to end, where the carrier tells this alone. */
  readonly seconds: number | null
}

const NOTHING: CarrierTimes = { startedAt: null, endedAt: null, seconds: null }

/**
 * Telnyx tells when a call was answered (`call.answered`, its `occurred_at`) and when it began and ended (`call.hangup`,
 * `start_time` and `end_time`; it may have rung from its start on). Twilio tells whole seconds (`CallDuration` of the
 * status `completed`).
 */
export function carrierTimes(event: Extract<CallEvent, { type: 'carrier.event' }>): CarrierTimes {
  const { name, occurredAt, payload } = event
  if (name === 'call.answered') return { ...NOTHING, startedAt: occurredAt }
  if (name === 'call.hangup')
    return {
      ...NOTHING,
      startedAt: instant(payload.start_time),
      endedAt: instant(payload.end_time) ?? occurredAt
    }
  if (name === 'call.completed' && typeof payload.CallDuration === 'string') {
    const seconds = Number(payload.CallDuration)
    return { ...NOTHING, seconds: Number.isFinite(seconds) && seconds >= 0 ? seconds : null }
  }
  return NOTHING
}

function instant(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? null : at
}
