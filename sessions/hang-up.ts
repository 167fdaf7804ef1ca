import type { Logger } from 'pino'
import type { EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import { CallError } from './errors.ts'

/** Longest wait for the carrier to take a hang-up; the call is over for us either way. */
const HANG_UP_DEADLINE_MS = 5000

/** Reasons that leave the caller on the line: then the leg is ours to end. */
export const OURS_TO_HANG_UP: ReadonlySet<EndReason> = new Set<EndReason>([
  'agent_hung_up',
  'operator',
  'silence',
  'max_length',
  'media_lost',
  'engine_failed',
  'connect_timeout',
  'carrier_failed',
  'draining',
  'internal'
])

/** Asks the carrier to end its leg, and waits for that, but not for long. Never rejects. */
export async function hangUpWithin(hangUp: () => Promise<void>, clock: Clock, log: Logger): Promise<void> {
  const deadline = Promise.withResolvers<void>()
  const cancel = clock.after(HANG_UP_DEADLINE_MS, deadline.resolve)
  const hungUp = hangUp().catch((error: unknown) => {
    const { code, detail } = error instanceof CallError ? error : { code: 'INTERNAL', detail: null }
    log.warn({ event: 'carrier.hang_up_failed', code, detail }, 'Hang-up was refused')
  })
  await Promise.race([hungUp, deadline.promise])
  cancel()
}
