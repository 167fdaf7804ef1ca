import { setTimeout as sleep } from 'node:timers/promises'
import type { BareQuestions } from './bare-relay.ts'
import type { Bars } from './bars.ts'
import type { LoadQuestions, LossResult, Target } from './load/generator.ts'
import type { LegFormats } from './load/load-shape.ts'
import type { WindowResult } from './load/load-stats.ts'
import type { ProcessSample } from './process-meter.ts'
import { type BenchProcess, startProcess } from './processes.ts'
import { LOAD_CORE, type Product, RELAY_CORE, startProduct } from './product.ts'
import { round } from './statistics.ts'

/** From the last call's beginning to the window: past the greeting, and every call into its turns. */
const SETTLE_MS = 3000
const WARM_UP = { calls: 40, windowMs: 3000 }

export interface LoadOptions {
  readonly calls: readonly number[]
  readonly windowMs: number
}

interface Scenario {
  readonly name: string
  readonly formats: LegFormats
  readonly env: Record<string, string>
  readonly calls: readonly number[]
}

/** One relay under one number of calls. */
interface Measured extends WindowResult, LossResult {
  readonly calls: number
  /** Milliseconds of CPU a second of one call. */
  readonly cpuMs: number
  readonly loopDelayP99Ms: number
  readonly rssPerCallKb: number
  readonly generatorCpuShare: number
}

interface Pair {
  readonly server: Measured
  readonly bare: Measured
}

type Row = ReadonlyMap<number, Pair>
type Sampled = { ask(question: 'sample', argument: null): Promise<ProcessSample> }

/** The server beside a bare relay, number of calls by number of calls, in the same minutes of the same machine. */
export async function runLoad(options: LoadOptions, bars: Bars): Promise<void> {
  const passThrough: Scenario = {
    name: 'PCMU pass-through',
    formats: { carrier: 'PCMU', engine: 'pcmu' },
    env: { TELNYX_STREAM_CODEC: 'PCMU' },
    calls: options.calls
  }
  const wideBand: Scenario = {
    name: 'L16 24 kHz pass-through',
    formats: { carrier: 'L16', engine: 'pcm' },
    env: { TELNYX_STREAM_CODEC: 'L16' },
    calls: options.calls.filter((calls) => calls !== 300)
  }
  const transcoding: Scenario = {
    name: 'PCMU to PCM 24 kHz transcoding',
    formats: { carrier: 'PCMU', engine: 'pcm' },
    env: { TELNYX_STREAM_CODEC: 'PCMU', OPENAI_AUDIO: 'pcm' },
    calls: options.calls.filter((calls) => calls <= 200)
  }
  const pcmu = await runScenario(passThrough, options.windowMs)
  const l16 = await runScenario(wideBand, options.windowMs)
  const converted = await runScenario(transcoding, options.windowMs)
  judge({ pcmu, l16, converted }, bars)
}

async function runScenario(scenario: Scenario, windowMs: number): Promise<Row> {
  const generator = await startProcess<LoadQuestions>('load/generator.ts', { core: LOAD_CORE })
  const address = await generator.ask('address', null)
  const server = await startProduct(address, { env: scenario.env })
  const bare = await startProcess<BareQuestions>('bare-relay.ts', {
    core: RELAY_CORE,
    env: { OPENAI_BASE_URL: address.openAiBaseUrl, OPENAI_API_KEY: 'sk-stand-in' }
  })
  try {
    const targets = await bothTargets(server, bare)
    const measure = await measurer(generator, scenario.formats, targets)
    const row = new Map<number, Pair>()
    for (const calls of scenario.calls) {
      row.set(calls, {
        server: await measure('server', calls, windowMs),
        bare: await measure('bare', calls, windowMs)
      })
    }
    printRow(scenario.name, row)
    return row
  } finally {
    await generator.stop()
    await Promise.all([server.stop(), bare.stop()])
  }
}

interface Targets {
  readonly server: { process: Sampled; target: Target }
  readonly bare: { process: Sampled; target: Target }
}

async function bothTargets(server: Product, bare: BenchProcess<BareQuestions>): Promise<Targets> {
  return {
    server: { process: server, target: { webhookUrl: server.webhookUrl } },
    bare: { process: bare, target: { mediaUrl: await bare.ask('url', null) } }
  }
}

/** Both are run warm once, so that no compiler is measured; their memory is counted from then on. */
async function measurer(generator: BenchProcess<LoadQuestions>, formats: LegFormats, targets: Targets) {
  const idleRssBytes = { server: 0, bare: 0 }

  async function measure(which: keyof Targets, calls: number, windowMs: number): Promise<Measured> {
    const { process: relay, target } = targets[which]
    await generator.ask('connect', { target, calls, formats })
    await sleep(SETTLE_MS)
    const from = await relay.ask('sample', null)
    const loadFrom = await generator.ask('begin', null)
    const startedAt = performance.now()
    await sleep(windowMs)
    const to = await relay.ask('sample', null)
    const tookMs = performance.now() - startedAt
    const { sample: loadTo, ...window } = await generator.ask('end', null)
    const losses = await generator.ask('finish', null)
    return {
      ...window,
      ...losses,
      calls,
      cpuMs: (to.cpuMs - from.cpuMs) / calls / (tookMs / 1000),
      loopDelayP99Ms: to.loopDelayP99Ms,
      rssPerCallKb: (to.rssBytes - idleRssBytes[which]) / 1024 / calls,
      generatorCpuShare: (loadTo.cpuMs - loadFrom.cpuMs) / tookMs
    }
  }

  for (const which of ['server', 'bare'] as const) {
    await measure(which, WARM_UP.calls, WARM_UP.windowMs)
    idleRssBytes[which] = (await targets[which].process.ask('sample', null)).rssBytes
  }
  return measure
}

function printRow(name: string, row: Row): void {
  console.log(`\n${name}, Telnyx framing; in brackets the bare relay`)
  console.table(
    [...row].map(([calls, { server, bare }]) => {
      const both = (of: (measured: Measured) => number, digits = 1) =>
        `${of(server).toFixed(digits)} (${of(bare).toFixed(digits)})`
      return {
        calls,
        'CPU ms per call-second': both(({ cpuMs }) => cpuMs, 2),
        ratio: round(server.cpuMs / bare.cpuMs, 2),
        'inward p50 ms': both(({ inward }) => inward.p50),
        'inward p99 ms': both(({ inward }) => inward.p99),
        'outward p50 ms': both(({ outward }) => outward.p50),
        'outward p99 ms': both(({ outward }) => outward.p99),
        'loop p99 ms': both(({ loopDelayP99Ms }) => loopDelayP99Ms),
        'RSS KB per call': both(({ rssPerCallKb }) => rssPerCallKb, 0),
        'lost frames': `${lost(server)} (${lost(bare)})`,
        'generator CPU': `${Math.round(server.generatorCpuShare * 100)} % (${Math.round(bare.generatorCpuShare * 100)} %)`
      }
    })
  )
}

/** Frames that were lost or changed on the way in, and frames' worth of audio on the way out. */
function lost({ framesLost, wrongFrames, audioLostMs }: Measured): number {
  return framesLost + wrongFrames + Math.ceil(audioLostMs / 20)
}

function judge(rows: { pcmu: Row; l16: Row; converted: Row }, bars: Bars): void {
  const { pcmu, l16, converted } = rows
  const at = (row: Row, calls: number) => row.get(calls) ?? [...row.values()].at(-1)
  const most = Math.max(...pcmu.keys())
  judgeLatency(pcmu, bars)
  for (const [name, row] of [
    ['PCMU', pcmu],
    ['L16', l16]
  ] as const) {
    const pair = at(row, 200)
    bars.atMost(
      `CPU of the bare relay, ${name} pass-through, ${pair?.server.calls} calls`,
      pair && pair.server.cpuMs / pair.bare.cpuMs,
      1.3,
      ' x'
    )
  }
  // Where both have room to breathe: above its limit a relay does no more work, however many calls there are.
  const roomy = Math.min(100, most)
  const plain = pcmu.get(roomy)
  const dear = converted.get(roomy)
  bars.atMost(
    `CPU of pass-through, transcoding, ${roomy} calls`,
    plain && dear && dear.server.cpuMs / plain.server.cpuMs,
    2,
    ' x'
  )
  const pair = at(pcmu, 200)
  bars.atMost(`RSS per call, ${pair?.server.calls} calls`, pair?.server.rssPerCallKb, 200, ' KB')
}

function judgeLatency(pcmu: Row, bars: Bars): void {
  for (const [calls, limitMs] of [
    [50, 10],
    [200, 10],
    [300, 20]
  ]) {
    const pair = pcmu.get(calls)
    if (!pair) continue
    bars.atMost(`added latency inward p99, ${calls} calls`, pair.server.inward.p99, limitMs, ' ms')
    bars.atMost(`added latency outward p99, ${calls} calls`, pair.server.outward.p99, limitMs, ' ms')
    bars.atMost(`frames lost, ${calls} calls`, lost(pair.server), 0)
  }
  const crowded = pcmu.get(400)
  if (!crowded) return
  const { server, bare } = crowded
  bars.atMost(
    'added latency inward p99 of the bare relay, 400 calls',
    server.inward.p99,
    bare.inward.p99,
    ' ms'
  )
  bars.atMost(
    'added latency outward p99 of the bare relay, 400 calls',
    server.outward.p99,
    bare.outward.p99,
    ' ms'
  )
}
