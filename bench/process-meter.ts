import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Wakes the process up this often: rarely enough to cost nothing, often enough to meet every stall worth the name. */
const RESOLUTION_MS = 10
const NS_PER_MS = 1e6

export interface ProcessSample {
  /** User and system time since the process began, of all its threads. */
  readonly cpuMs: number
  readonly rssBytes: number
  /** Since the sample before: how late the event loop came back to a timer. */
  readonly loopDelayP99Ms: number
}

export interface MemorySample {
  /** After a full collection: what is reachable, in and outside of the heap. */
  readonly usedBytes: number
  /** What keeps the event loop alive, by kind. */
  readonly handles: Readonly<Record<string, number>>
}

/** What this process costs. */
export function createProcessMeter() {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()

  function sample(): ProcessSample {
    const { user, system } = process.cpuUsage()
    // The histogram holds the distance between two timers, which is never less than what was asked for.
    const loopDelayP99Ms = Math.max(0, delay.percentile(99) / NS_PER_MS - RESOLUTION_MS)
    delay.reset()
    return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), loopDelayP99Ms }
  }

  /** Needs --expose-gc. Twice, since what a finaliser frees is only found by the next collection. */
  async function memory(): Promise<MemorySample> {
    for (let i = 0; i < 2; i++) {
      globalThis.gc?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { heapUsed, external } = process.memoryUsage()
    const handles: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
    return { usedBytes: heapUsed + external, handles }
  }

  return { sample, memory }
}
