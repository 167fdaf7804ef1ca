import { setTimeout as sleep } from 'node:timers/promises'
import { watchCore } from './core-usage.ts'
import type { LoadQuestions, LossResult, Target } from './load/generator.ts'
import type { LegFormats } from './load/load-shape.ts'
import type { WindowResult } from './load/load-stats.ts'
import type { ProcessSample } from './process-meter.ts'
import type { BenchProcess } from './processes.ts'

/** From the last call's beginning to the window: past the greeting, and every call into its turns. */
const SETTLE_MS = 2500
const WARM_UP = { calls: 40, windowMs: 3000 }

/** One relay under one number of calls. */
export interface Measured extends WindowResult, LossResult {
  readonly calls: number
  /** Milliseconds of CPU a second of one call. */
  readonly cpuMs: number
  readonly loopDelayP99Ms: number
  /** With these calls live. */
  readonly rssBytes: number
  readonly generatorCpuShare: number
  /** Of the relay's core, and not by the relay: the database, and whatever else this machine does. */
  readonly otherCpuShare: number
}

type Sampled = { ask(question: 'sample', argument: null): Promise<ProcessSample> }

export interface Targets {
  readonly server: { process: Sampled; target: Target }
  readonly bare: { process: Sampled; target: Target }
}

/** Both are run warm once, so that no compiler is measured. */
export async function measurer(
  generator: BenchProcess<LoadQuestions>,
  formats: LegFormats,
  targets: Targets
) {
  async function measure(which: keyof Targets, calls: number, windowMs: number): Promise<Measured> {
    const { process: relay, target } = targets[which]
    await generator.ask('connect', { target, calls, formats })
    await sleep(SETTLE_MS)
    const stop = await watchCore(relay)
    const loadFrom = await generator.ask('begin', null)
    await sleep(windowMs)
    const { cpuMs, tookMs, last, otherShare } = await stop()
    const { sample: loadTo, ...window } = await generator.ask('end', null)
    const losses = await generator.ask('finish', null)
    return {
      ...window,
      ...losses,
      calls,
      cpuMs: cpuMs / calls / (tookMs / 1000),
      loopDelayP99Ms: last.loopDelayP99Ms,
      rssBytes: last.rssBytes,
      generatorCpuShare: (loadTo.cpuMs - loadFrom.cpuMs) / tookMs,
      otherCpuShare: otherShare
    }
  }

  for (const which of ['server', 'bare'] as const) await measure(which, WARM_UP.calls, WARM_UP.windowMs)
  /** A relay that cannot take the calls has no figures, and the rest of the benchmark goes on. */
  return async function tryToMeasure(which: keyof Targets, calls: number, windowMs: number) {
    try {
      return await measure(which, calls, windowMs)
    } catch (error) {
      console.log(
        `The ${which} could not hold ${calls} calls: ${error instanceof Error ? error.message : error}`
      )
      await generator.ask('finish', null)
      return null
    }
  }
}
