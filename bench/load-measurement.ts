import { setTimeout as sleep } from 'node:timers/promises'
import { watchCore } from './core-usage.ts'
import type { LoadQuestions, LossResult, Target } from './load/generator.ts'
import type { LegFormats } from './load/load-shape.ts'
import type { WindowResult } from './load/load-stats.ts'
import type { ProcessSample } from './process-meter.ts'
import type { BenchProcess } from './processes.ts'
import { median } from './statistics.ts'

/** From the last call's beginning to the window: past the greeting, and every call into its turns. */
const SETTLE_MS = 4000
/** Of few calls, so that what they leave in memory is not taken for that of later ones; and long, until all is compiled. */
const WARM_UP = { calls: 40, windowMs: 15_000 }

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

/** Of several windows: the middle of each figure, and the worst of what must not happen even once. */
export function middleOf(rounds: readonly Measured[]): Measured {
  const middle = (of: (measured: Measured) => number) => median(rounds.map(of)) as number
  const worst = (of: (measured: Measured) => number) => Math.max(...rounds.map(of))
  const latency = (way: 'inward' | 'outward') => ({
    p50: middle((measured) => measured[way].p50),
    p99: middle((measured) => measured[way].p99),
    count: middle((measured) => measured[way].count)
  })
  return {
    calls: rounds[0].calls,
    cpuMs: middle(({ cpuMs }) => cpuMs),
    loopDelayP99Ms: middle(({ loopDelayP99Ms }) => loopDelayP99Ms),
    rssBytes: middle(({ rssBytes }) => rssBytes),
    generatorCpuShare: middle(({ generatorCpuShare }) => generatorCpuShare),
    otherCpuShare: middle(({ otherCpuShare }) => otherCpuShare),
    inward: latency('inward'),
    outward: latency('outward'),
    framesSent: worst(({ framesSent }) => framesSent),
    framesLost: worst(({ framesLost }) => framesLost),
    wrongFrames: worst(({ wrongFrames }) => wrongFrames),
    audioLostMs: worst(({ audioLostMs }) => audioLostMs)
  }
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
