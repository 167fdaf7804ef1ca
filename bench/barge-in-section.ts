import type { BareBargeInQuestions } from './barge-in/bare-barge-in.ts'
import type { BargeInQuestions, DelayedResult } from './barge-in/carrier-and-model.ts'
import type { Bars } from './bars.ts'
import { watchCore } from './core-usage.ts'
import type { FrontAddress } from './load/front.ts'
import { type BenchProcess, startProcess } from './processes.ts'
import { LOAD_CORE, METER_FLAGS, RELAY_CORE, startProduct } from './product.ts'
import type { ServerQuestions } from './server-under-test.ts'
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
const WARM_UP_TURNS = 8
/** The bare relay is not judged, and has less to compile: the greeting and fewer interruptions, in as many calls. */
const BARE = { warmUpTurns: 2, turns: 3 }

export interface BargeInOptions {
  /** Per delay; all at once. Of forty the stand-ins at times take longer for a step than a clear takes. */
  readonly calls: number
  readonly turns: number
}

interface Relay {
  readonly name: 'server' | 'bare'
  readonly process: Pick<BenchProcess<Pick<ServerQuestions, 'sample'>>, 'ask' | 'stop'>
  readonly webhookUrl: string
  readonly warmUpTurns: number
  readonly turns: number
}

interface Measured {
  readonly relay: Relay
  readonly results: readonly DelayedResult[]
  /** Of the relays' core, and not by this one. */
  readonly otherShare: number
}

/** How soon the agent falls silent, and how truly the model is told what the caller heard; beside a bare relay. */
export async function runBargeIn(options: BargeInOptions, bars: Bars): Promise<void> {
  const standIns = await startProcess<BargeInQuestions>('barge-in/carrier-and-model.ts', {
    core: LOAD_CORE,
    urgent: true,
    flags: METER_FLAGS
  })
  const front = await standIns.ask('address', null)
  const relays = [await startServer(front, options.turns), await startBare(front)]
  const lines = { calls: options.calls, delaysMs: DELAYS_MS }
  const rows = []
  try {
    // So that no compiler is measured.
    for (const { webhookUrl, warmUpTurns } of relays)
      await standIns.ask('run', { ...lines, webhookUrl, turns: warmUpTurns, deltaMs: 20 })
    for (const { name, deltaMs } of DELTAS) {
      const measured: Measured[] = []
      for (const relay of relays) {
        const { webhookUrl, turns } = relay
        const stop = await watchCore(relay.process)
        const results = await standIns.ask('run', { ...lines, webhookUrl, turns, deltaMs })
        measured.push({ relay, results, otherShare: (await stop()).otherShare })
      }
      rows.push(...DELAYS_MS.flatMap((delayMs) => measured.map((of) => tell(name, delayMs, of, bars))))
    }
  } finally {
    await Promise.all(relays.map(({ process }) => process.stop()))
    await standIns.stop()
  }
  const turns = relays.map(({ name, turns }) => `${turns} turns each (${name})`).join(' or ')
  console.log(`\nBarge-in: ${options.calls} calls in each row, ${turns}, every third heard to its end`)
  console.table(rows)
}

async function startServer(front: FrontAddress, turns: number): Promise<Relay> {
  const server = await startProduct(front)
  const { webhookUrl } = server
  return { name: 'server', process: server, webhookUrl, warmUpTurns: WARM_UP_TURNS, turns }
}

async function startBare(front: FrontAddress): Promise<Relay> {
  const bare = await startProcess<BareBargeInQuestions>('barge-in/bare-barge-in.ts', {
    core: RELAY_CORE,
    env: {
      TELNYX_BASE_URL: front.telnyxBaseUrl,
      TELNYX_API_KEY: 'KEY_STANDIN',
      OPENAI_BASE_URL: front.openAiBaseUrl,
      OPENAI_API_KEY: 'sk-stand-in'
    }
  })
  return { name: 'bare', process: bare, webhookUrl: await bare.ask('webhookUrl', null), ...BARE }
}

/** The row of one relay over lines of this delay; only the server's is judged. */
function tell(deltas: string, delayMs: number, measured: Measured, bars: Bars) {
  const { relay, results, otherShare } = measured
  const row = rowOf(results.filter((result) => result.delayMs === delayMs))
  if (relay.name === 'server') judge(`deltas of ${deltas} ms, ${delayMs} ms each way`, delayMs, row, bars)
  return {
    'deltas ms': deltas,
    'delay ms': delayMs,
    relay: relay.name,
    ...shown(row),
    'core otherwise busy %': Math.round(otherShare * 100)
  }
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
