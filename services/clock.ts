import { performance } from 'node:perf_hooks'
import type { Clock } from '../sessions/contracts/clock.ts'

/** Real time: the epoch at process start plus the monotonic clock, so that a step of the system's clock bends no measure. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
