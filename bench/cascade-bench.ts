import type { Bars } from './bars.ts'
import type { CascadeQuestions, MeasuredTurn } from './cascade/carrier-and-services.ts'
import { SERVICE_MS } from './cascade/service-times.ts'
import { startProcess } from './processes.ts'
import { LOAD_CORE, startProduct } from './product.ts'
import { percentile, round } from './statistics.ts'

/** Of the engine's own share of the time from the end of the turn to the first audio at the carrier. */
const OWN_LIMIT_MS = 15
const WARM_UP = { calls: 4, turns: 2 }

export interface CascadeBenchOptions {
  readonly calls: number
  readonly turns: number
}

/** How long callers wait beyond what the services themselves take, with services that always take the same. */
export async function runCascade(options: CascadeBenchOptions, bars: Bars): Promise<void> {
  const services = await startProcess<CascadeQuestions>('cascade/carrier-and-services.ts', {
    core: LOAD_CORE
  })
  const { deepgramKey, deepgramUrl, ...front } = await services.ask('address', null)
  const env = { AGENT_ENGINE: 'cascade', DEEPGRAM_API_KEY: deepgramKey, DEEPGRAM_BASE_URL: deepgramUrl }
  const server = await startProduct(front, { env })
  const { webhookUrl } = server
  const rows = []
  try {
    // So that no compiler is measured.
    await services.ask('run', { webhookUrl, ...WARM_UP, ahead: false })
    const turns = await services.ask('run', { webhookUrl, ...options, ahead: false })
    rows.push(rowOf('after the end of the turn', turns))
    const own = percentile(ownOf(turns), 0.95)
    bars.atMost(
      "cascade, end of turn to first audio beyond the services' own time, p95",
      own,
      OWN_LIMIT_MS,
      ' ms'
    )
    await services.ask('run', { webhookUrl, ...WARM_UP, ahead: true })
    rows.push(rowOf('ahead of it', await services.ask('run', { webhookUrl, ...options, ahead: true })))
  } finally {
    await server.stop()
    await services.stop()
  }
  const { firstAudioMs, firstTokenMs } = SERVICE_MS
  console.log(
    `\nCascade: ${options.calls} calls of ${options.turns} turns; a model of ${firstTokenMs} ms and a voice of ${firstAudioMs} ms`
  )
  console.table(rows)
}

function ownOf(turns: readonly MeasuredTurn[]): number[] {
  return turns.map(({ ownMs }) => ownMs)
}

function rowOf(answered: string, turns: readonly MeasuredTurn[]) {
  const responses = turns.map(({ responseMs }) => responseMs)
  const own = ownOf(turns)
  return {
    'the model is asked': answered,
    turns: turns.length,
    'own share p50 ms': round(percentile(own, 0.5), 1),
    'own share p95 ms': round(percentile(own, 0.95), 1),
    'end of turn to audio p50 ms': round(percentile(responses, 0.5), 1),
    'end of turn to audio p95 ms': round(percentile(responses, 0.95), 1)
  }
}
