import type { BargeInQuestions, DelayedResult } from './barge-in/carrier-and-model.ts'
import type { Bars } from './bars.ts'
import { watchCore } from './core-usage.ts'
import { startProcess } from './processes.ts'
import { LOAD_CORE, startProduct } from './product.ts'
import { percentile, round } from './statistics.ts'

const DELTAS: { name: string; deltaMs: number | readonly [number, number] }[] = [
  { name: '20', deltaMs: 20 },
  { name: '100-250', deltaMs: [100, 250] },
  { name: '500', deltaMs: 500 }
]
const DELAYS_MS = [0, 60]
/** Of |audio_end_ms - heard|, p95, by the delay each way. */
const ERROR_LIMIT_MS: Readonly<Record<number, number>> = { 0: 25, 60: 40 }
/** From the event to the carrier's playout being cleared, beyond the line's delay. */
const CLEAR_LIMIT_MS = 3

/** As many calls as are measured, or the compiler still works on what only they bring about. */
const WARM_UP_TURNS = 5

export interface BargeInOptions {
  /** Per delay. */
  readonly calls: number
  readonly turns: number
}

/** How soon the agent falls silent, and how truly the model is told what the caller heard. */
export async function runBargeIn(options: BargeInOptions, bars: Bars): Promise<void> {
  const standIns = await startProcess<BargeInQuestions>('barge-in/carrier-and-model.ts', {
    core: LOAD_CORE,
    urgent: true,
    // Its own collections of garbage are not to be measured.
    flags: ['--min-semi-space-size=64', '--max-semi-space-size=64']
  })
  const server = await startProduct(await standIns.ask('address', null))
  const lines = { webhookUrl: server.webhookUrl, delaysMs: DELAYS_MS }
  const rows = []
  try {
    // So that no compiler is measured.
    await standIns.ask('run', { ...lines, calls: options.calls, turns: WARM_UP_TURNS, deltaMs: 20 })
    for (const { name, deltaMs } of DELTAS) {
      const stop = await watchCore(server)
      const results = await standIns.ask('run', { ...lines, ...options, deltaMs })
      const busy = { 'core otherwise busy %': Math.round((await stop()).otherShare * 100) }
      for (const delayMs of DELAYS_MS) {
        const row = rowOf(results.filter((result) => result.delayMs === delayMs))
        judge(`deltas of ${name} ms, ${delayMs} ms each way`, delayMs, row, bars)
        rows.push({ 'deltas ms': name, 'delay ms': delayMs, ...shown(row), ...busy })
      }
    }
  } finally {
    await server.stop()
    await standIns.stop()
  }
  console.log(
    `\nBarge-in: ${options.calls} calls in each row, ${options.turns} turns each, every third heard to its end`
  )
  console.table(rows)
}

function rowOf(results: readonly DelayedResult[]) {
  const interruptions = results.flatMap((result) => result.interruptions)
  const errors = interruptions.flatMap(({ errorMs }) => (errorMs === null ? [] : [errorMs]))
  const sizes = errors.map(Math.abs)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const clears = interruptions.map(({ clearMs }) => clearMs)
  return {
    cut: interruptions.length,
    clearP50: percentile(clears, 0.5),
    clearP99: percentile(clears, 0.99),
    errorMean: sum(errors) / errors.length,
    errorP50: percentile(sizes, 0.5),
    errorP95: percentile(sizes, 0.95),
    errorMax: Math.max(...sizes),
    untold: interruptions.length - errors.length,
    rejected: sum(results.map((result) => result.rejectedTruncations)),
    wrong: sum(results.map((result) => result.wrongTruncations)),
    beyond: interruptions.filter(({ beyondReceivedMs }) => beyondReceivedMs > 0).length,
    lateMs: sum(interruptions.map(({ lateMs }) => lateMs))
  }
}

type Row = ReturnType<typeof rowOf>

function shown(row: Row) {
  return {
    'turns cut': row.cut,
    'clear p50 ms': round(row.clearP50, 1),
    'clear p99 ms': round(row.clearP99, 1),
    'error mean ms': round(row.errorMean, 1),
    '|error| p50': round(row.errorP50, 1),
    '|error| p95': round(row.errorP95, 1),
    '|error| max': round(row.errorMax, 1),
    'not told': row.untold,
    rejected: row.rejected,
    'heard whole, cut all the same': row.wrong,
    'beyond received': row.beyond,
    'late audio ms': row.lateMs
  }
}

function judge(where: string, delayMs: number, row: Row, bars: Bars): void {
  bars.atMost(`clear p99, ${where}`, row.clearP99, CLEAR_LIMIT_MS + delayMs, ' ms')
  bars.atMost(`|error| p95, ${where}`, row.errorP95, ERROR_LIMIT_MS[delayMs], ' ms')
  const faults = row.untold + row.rejected + row.wrong + row.beyond
  bars.atMost(`truncations wrong, rejected, beyond or missing, ${where}`, faults, 0)
  bars.atMost(`late audio, ${where}`, row.lateMs, 0, ' ms')
}
