import { performance } from 'node:perf_hooks'
import type { Clock } from '../sessions/contracts/clock.ts'

const STARTED_AT = performance.timeOrigin

/** Real time: the epoch at process start plus the monotonic clock, so that a step of the system's clock bends no measure. */
export const systemClock: Clock = {
  now: () => STARTED_AT + performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
