import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../sessions/contracts/clock.ts'

const SAMPLE_MS = 5000
/** An hour. */
const KEPT_SAMPLES = 720

/** What there was to do in the 5 s before `at`, and how well it was kept up with. */
export interface LoadSample {
  readonly at: Date
  readonly live_calls: number
  /** How late the process was for its timers: the median and the 99th percentile, in ms. */
  readonly event_loop_p50_ms: number
  readonly event_loop_p99_ms: number
  /** Part of the time in which the event loop had work, from 0 to 1. */
  readonly event_loop_utilization: number
  /** Records not yet in the database. */
  readonly store_pending: number
  readonly memory_bytes: number
}

export interface LoadHistory {
  /** The oldest first; the last hour at most. */
  samples(): readonly LoadSample[]
  close(): void
}

/** How busy this process is, sampled every 5 s, so that who looks sees at once what led to this. */
export function createLoadHistory(options: {
  clock: Clock
  liveCalls: () => number
  storePending: () => number
}): LoadHistory {
  const { clock, liveCalls, storePending } = options
  const kept: LoadSample[] = []
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  loop.enable()
  let busy = performance.eventLoopUtilization()
  let cancel = clock.after(SAMPLE_MS, sample)

  function sample(): void {
    const now = performance.eventLoopUtilization()
    kept.push({
      at: new Date(clock.now()),
      live_calls: liveCalls(),
      event_loop_p50_ms: late(loop.percentile(50)),
      event_loop_p99_ms: late(loop.percentile(99)),
      event_loop_utilization: performance.eventLoopUtilization(now, busy).utilization,
      store_pending: storePending(),
      memory_bytes: process.memoryUsage.rss()
    })
    if (kept.length > KEPT_SAMPLES) kept.shift()
    busy = now
    loop.reset()
    cancel = clock.after(SAMPLE_MS, sample)
  }

  return {
    samples: () => kept,
    close() {
      cancel()
      loop.disable()
    }
  }
}

const RESOLUTION_MS = 20

/** The histogram has the whole time between two timers, in ns, of which the interval itself is no delay. */
function late(ns: number): number {
  return Math.max(0, Math.round((ns / 1e6 - RESOLUTION_MS) * 100) / 100)
}
