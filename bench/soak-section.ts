import { setTimeout as sleep } from 'node:timers/promises'
import type { Bars } from './bars.ts'
import type { LoadQuestions } from './load/generator.ts'
import type { MemorySample } from './process-meter.ts'
import { startProcess } from './processes.ts'
import { LOAD_CORE, type Product, startProduct } from './product.ts'

const CONCURRENCY = 40
/** For connections to be given up whose peer is there no more, or that nobody has used for a while. */
const IDLE_CONNECTIONS_MS = 20_000
const LIVE_CALLS_DEADLINE_MS = 20_000
/** For the records of the last calls to be written. */
const REST_MS = 3000

export interface SoakOptions {
  /** The first calls fill caches, compilers and pools of connections; what they leave behind is not the calls'. */
  readonly warmUpCalls: number
  readonly calls: number
  readonly limitMs: number
}

/** Short calls, as many and as fast as they go, and what is left of them in the server. */
export async function runSoak(options: SoakOptions, bars: Bars): Promise<void> {
  const generator = await startProcess<LoadQuestions>('load/generator.ts', { core: LOAD_CORE })
  const server = await startProduct(await generator.ask('address', null), {
    flags: ['--expose-gc']
  })
  const soak = (calls: number) =>
    generator.ask('soak', {
      webhookUrl: server.webhookUrl,
      calls,
      concurrency: CONCURRENCY,
      limitMs: options.limitMs
    })
  try {
    const fresh = await server.ask('memory', null)
    await soak(options.warmUpCalls)
    const before = await atRest(server)
    const result = await soak(options.calls)
    const after = await atRest(server)
    await generator.stop()
    const alone = await untilAlone(server, handles(fresh))
    const bytesPerCall = (after.usedBytes - before.usedBytes) / result.calls
    console.log(
      `\nSoak: ${result.calls} short calls in ${Math.round(result.tookMs / 1000)} s` +
        ` (${Math.round((1000 * result.calls) / result.tookMs)} a second), ${result.failed} failed`
    )
    if (result.calls < options.calls) console.log(`Time was up after ${result.calls} of ${options.calls}.`)
    console.table({
      fresh: flat(fresh),
      'warmed up': flat(before),
      'after all': flat(after),
      alone: flat(alone)
    })
    bars.atMost('short calls that failed', result.failed, 0)
    bars.atMost(`memory left by each of ${result.calls} short calls`, bytesPerCall, 1024, ' bytes')
    bars.atMost('handles left', handles(alone) - handles(fresh), 0)
  } finally {
    await generator.stop()
    await server.stop()
  }
}

/** The carrier and the model are gone: only what the server had before its first call may be left. */
async function untilAlone(server: Product, freshHandles: number): Promise<MemorySample> {
  const deadline = performance.now() + IDLE_CONNECTIONS_MS
  for (;;) {
    const sample = await server.ask('memory', null)
    if (handles(sample) <= freshHandles || performance.now() > deadline) return sample
    await sleep(500)
  }
}

/** Once every call has ended. */
async function atRest(server: Product): Promise<MemorySample> {
  const deadline = performance.now() + LIVE_CALLS_DEADLINE_MS
  while ((await server.ask('liveCalls', null)) > 0 && performance.now() < deadline) await sleep(100)
  await sleep(REST_MS)
  return server.ask('memory', null)
}

function handles({ handles }: MemorySample): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0)
}

function flat({ usedBytes, handles }: MemorySample) {
  return { 'used MB': Number((usedBytes / 2 ** 20).toFixed(2)), ...handles }
}
