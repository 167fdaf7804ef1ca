import { cpus } from 'node:os'
import type { ProcessSample } from './process-meter.ts'
import { RELAY_CORE } from './product.ts'

type Sampled = { ask(question: 'sample', argument: null): Promise<ProcessSample> }

export interface CoreUsage {
  /** CPU milliseconds of the process, and how long it was watched. */
  readonly cpuMs: number
  readonly tookMs: number
  readonly last: ProcessSample
  /** Of the relays' core, and not by this process: the database, and whatever else this machine does. */
  readonly otherShare: number
}

/** Watches a process and its core from now until the function that it resolves with is called. */
export async function watchCore(relay: Sampled): Promise<() => Promise<CoreUsage>> {
  const coreFrom = coreTimes()
  const from = await relay.ask('sample', null)
  const startedAt = performance.now()
  return async () => {
    const last = await relay.ask('sample', null)
    const tookMs = performance.now() - startedAt
    const coreTo = coreTimes()
    const cpuMs = last.cpuMs - from.cpuMs
    const busyShare = (coreTo.busyMs - coreFrom.busyMs) / (coreTo.totalMs - coreFrom.totalMs)
    return { cpuMs, tookMs, last, otherShare: Math.max(0, busyShare - cpuMs / tookMs) }
  }
}

function coreTimes() {
  const { idle, ...busy } = cpus()[RELAY_CORE].times
  const busyMs = Object.values(busy).reduce((sum, ms) => sum + ms, 0)
  return { busyMs, totalMs: busyMs + idle }
}
