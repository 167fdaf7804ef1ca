import { performance } from 'node:perf_hooks'
import type { Clock } from '../sessions/contracts/clock.ts'

const STARTED_AT = performance.timeOrigin
/** Node runs at once what is due in longer than this, some 24.8 days. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Real time: the epoch at process start plus the monotonic clock, so that a step of the system's clock bends no measure. */
export const systemClock: Clock = {
  now: () => STARTED_AT + performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, LONGEST_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  }
}
