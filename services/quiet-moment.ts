import { setImmediate } from 'node:timers/promises'

/** A round of the event loop that took less had next to nothing to do. */
const QUIET_ROUND_MS = 0.1
/** Where it is never quiet, whoever waits goes on all the same. */
const LIMIT_MS = 25

/**
 * Resolves at the end of a round of the event loop that found no work, or after 25 ms. The place for what sets another
 * process to work on our core, such as a statement of the database: the system wakes us from sleep at once for the next
 * frame, but lets the other run on for up to 4 ms where it had to choose between two that were both awake.
 */
export async function quietMoment(): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  for (let from = performance.now(); from < deadline; ) {
    await setImmediate()
    const now = performance.now()
    if (now - from < QUIET_ROUND_MS) return
    from = now
  }
}
