import { setTimeout as sleep } from 'node:timers/promises'
import type { Bars } from './bars.ts'
import type { LoadQuestions } from './load/generator.ts'
import type { MemorySample } from './process-meter.ts'
import { startProcess } from './processes.ts'
import { LOAD_CORE, type Product, startProduct } from './product.ts'

const CONCURRENCY = 40
/** Connections that are kept for another request are given up within this time. */
const IDLE_CONNECTION_MS = 8000
const LIVE_CALLS_DEADLINE_MS = 20_000

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
    await soak(options.warmUpCalls)
    const before = await atRest(server)
    const result = await soak(options.calls)
    const after = await atRest(server)
    const bytesPerCall = (after.usedBytes - before.usedBytes) / result.calls
    console.log(
      `\nSoak: ${result.calls} short calls in ${Math.round(result.tookMs / 1000)} s` +
        ` (${Math.round((1000 * result.calls) / result.tookMs)} a second), ${result.failed} failed`
    )
    console.table({ before: flat(before), after: flat(after) })
    bars.atMost('short calls that failed', result.failed, 0)
    bars.atMost(`memory left by each of ${result.calls} short calls`, bytesPerCall, 1024, ' bytes')
    bars.atMost('handles left', handles(after) - handles(before), 0)
    if (result.calls < options.calls) console.log(`Time was up after ${result.calls} of ${options.calls}.`)
  } finally {
    await generator.stop()
    await server.stop()
  }
}

/** Once every call has ended and idle connections are gone. */
async function atRest(server: Product): Promise<MemorySample> {
  const deadline = performance.now() + LIVE_CALLS_DEADLINE_MS
  while ((await server.ask('liveCalls', null)) > 0 && performance.now() < deadline) await sleep(100)
  await sleep(IDLE_CONNECTION_MS)
  return server.ask('memory', null)
}

function handles({ handles }: MemorySample): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0)
}

function flat({ usedBytes, handles }: MemorySample) {
  return { 'used MB': Number((usedBytes / 2 ** 20).toFixed(2)), ...handles }
}
