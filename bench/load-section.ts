import type { BareQuestions } from './bare-relay.ts'
import type { Bars } from './bars.ts'
import { type FramingName, TWILIO_ACCOUNT } from './load/framing.ts'
import type { LoadQuestions, Target } from './load/generator.ts'
import type { LegFormats } from './load/load-shape.ts'
import { type Measured, measurer, middleOf } from './load-measurement.ts'
import { startProcess } from './processes.ts'
import { LOAD_CORE, METER_FLAGS, type Product, RELAY_CORE, startProduct } from './product.ts'
import { median, round } from './statistics.ts'

/** Where there is more to do for a frame, what few calls cost says little: each wake-up of an idle process costs most. */
const FEWEST_WIDE_BAND_CALLS = 50
const LEFT_OUT_WIDE_BAND = 300
const TWILIO_CALLS: readonly number[] = [10, 50, 200]
const CARRIERS: Readonly<Record<FramingName, string>> = { telnyx: 'Telnyx', twilio: 'Twilio' }
/** Where the cost of a call is held against the bare relay's. */
const JUDGED_CALLS = 200
/** A shared machine is faster in one second than in the next: what is judged at many calls is the middle of as many rounds. */
const JUDGED_ROUNDS = 3

export interface LoadOptions {
  readonly calls: readonly number[]
  readonly windowMs: number
}

interface Scenario {
  readonly name: string
  readonly framing: FramingName
  readonly formats: LegFormats
  readonly env: Record<string, string>
  readonly calls: readonly number[]
}

interface Pair {
  /** null: it could not hold so many calls. */
  readonly server: Measured | null
  readonly bare: Measured | null
  /** CPU of the server against the bare relay's, which ran right behind it. */
  readonly ratio: number | undefined
}

type Row = ReadonlyMap<number, Pair>

/** The server beside a bare relay, number of calls by number of calls, in the same minutes of the same machine. */
export async function runLoad(options: LoadOptions, bars: Bars): Promise<void> {
  const passThrough: Scenario = {
    name: 'PCMU pass-through',
    framing: 'telnyx',
    formats: { carrier: 'PCMU', engine: 'pcmu' },
    env: { TELNYX_STREAM_CODEC: 'PCMU' },
    calls: options.calls
  }
  const wideBandCalls = options.calls.filter(
    (calls) => calls >= FEWEST_WIDE_BAND_CALLS && calls !== LEFT_OUT_WIDE_BAND
  )
  const wideBand: Scenario = {
    name: 'L16 24 kHz pass-through',
    framing: 'telnyx',
    formats: { carrier: 'L16', engine: 'pcm' },
    env: { TELNYX_STREAM_CODEC: 'L16' },
    calls: wideBandCalls
  }
  const transcoding: Scenario = {
    name: 'PCMU to PCM 24 kHz transcoding',
    framing: 'telnyx',
    formats: { carrier: 'PCMU', engine: 'pcm' },
    env: { TELNYX_STREAM_CODEC: 'PCMU', OPENAI_AUDIO: 'pcm' },
    calls: wideBandCalls
  }
  const twilio: Scenario = {
    name: 'PCMU pass-through',
    framing: 'twilio',
    formats: { carrier: 'PCMU', engine: 'pcmu' },
    env: { TWILIO_ACCOUNT_SID: TWILIO_ACCOUNT.sid, TWILIO_AUTH_TOKEN: TWILIO_ACCOUNT.authToken },
    calls: options.calls.filter((calls) => TWILIO_CALLS.includes(calls))
  }
  const pcmu = await runScenario(passThrough, options.windowMs)
  const l16 = await runScenario(wideBand, options.windowMs)
  const converted = await runScenario(transcoding, options.windowMs)
  // Another carrier's frames, on the same way: a few rows tell whether they cost the same.
  await runScenario(twilio, options.windowMs)
  judge({ pcmu, l16, converted }, bars)
}

async function runScenario(scenario: Scenario, windowMs: number): Promise<Row> {
  const generator = await startProcess<LoadQuestions>('load/generator.ts', {
    core: LOAD_CORE,
    flags: METER_FLAGS,
    urgent: true
  })
  const address = await generator.ask('address', null)
  const server = await startProduct(address, { env: scenario.env })
  const bare = await startProcess<BareQuestions>('bare-relay.ts', {
    core: RELAY_CORE,
    env: { OPENAI_BASE_URL: address.openAiBaseUrl, OPENAI_API_KEY: 'sk-stand-in' }
  })
  try {
    const measure = await measurer(generator, scenario.formats, {
      server: { process: server, target: callsAt(server, scenario.framing) },
      bare: { process: bare, target: { mediaUrl: await bare.ask('url', null), framing: scenario.framing } }
    })
    const row = new Map<number, Pair>()
    for (const calls of scenario.calls) {
      const pairs: Pair[] = []
      for (let round = 0; round < (calls >= JUDGED_CALLS ? JUDGED_ROUNDS : 1); round++) {
        const server = await measure('server', calls, windowMs)
        const bare = await measure('bare', calls, windowMs)
        pairs.push({ server, bare, ratio: server && bare ? server.cpuMs / bare.cpuMs : undefined })
        if (!server) break
      }
      row.set(calls, middle(pairs))
    }
    printRow(scenario, row)
    return row
  } finally {
    await generator.stop()
    await Promise.all([server.stop(), bare.stop()])
  }
}

function callsAt({ webhookUrl, twilio }: Product, framing: FramingName): Target {
  return framing === 'telnyx' ? { webhookUrl } : twilio
}

/** A server that could not hold the calls once could not hold them. */
function middle(pairs: readonly Pair[]): Pair {
  const bare = pairs.flatMap((pair) => pair.bare ?? [])
  return {
    server: pairs.every((pair) => pair.server)
      ? middleOf(pairs.map((pair) => pair.server as Measured))
      : null,
    bare: bare.length > 0 ? middleOf(bare) : null,
    ratio: median(pairs.flatMap((pair) => pair.ratio ?? []))
  }
}

function printRow({ name, framing }: Scenario, row: Row): void {
  const rounds = `from ${JUDGED_CALLS} calls on the middle of ${JUDGED_ROUNDS} rounds`
  console.log(`\n${name}, ${CARRIERS[framing]} framing; in brackets the bare relay; ${rounds}`)
  console.table(
    [...row].map(([calls, { server, bare, ratio }]) => {
      const both = (of: (measured: Measured) => number, digits = 1) =>
        `${shown(server, of, digits)} (${shown(bare, of, digits)})`
      return {
        calls,
        'CPU ms per call-second': both(({ cpuMs }) => cpuMs, 2),
        ratio: round(ratio ?? Number.NaN, 2),
        'inward p50 ms': both(({ inward }) => inward.p50),
        'inward p99 ms': both(({ inward }) => inward.p99),
        'outward p50 ms': both(({ outward }) => outward.p50),
        'outward p99 ms': both(({ outward }) => outward.p99),
        'loop p99 ms': both(({ loopDelayP99Ms }) => loopDelayP99Ms),
        'RSS MB': both(({ rssBytes }) => rssBytes / 2 ** 20, 0),
        'lost frames': both(lost, 0),
        'generator CPU %': both(({ generatorCpuShare }) => generatorCpuShare * 100, 0),
        'core otherwise busy %': both(({ otherCpuShare }) => otherCpuShare * 100, 0)
      }
    })
  )
}

function shown(measured: Measured | null, of: (measured: Measured) => number, digits: number): string {
  return measured ? of(measured).toFixed(digits) : '-'
}

/** Frames that were lost or changed on the way in, and frames' worth of audio on the way out. */
function lost({ framesLost, wrongFrames, audioLostMs }: Measured): number {
  return framesLost + wrongFrames + Math.ceil(audioLostMs / 20)
}

function judge(rows: { pcmu: Row; l16: Row; converted: Row }, bars: Bars): void {
  const { pcmu, l16, converted } = rows
  judgeLatency(pcmu, bars)
  for (const [codec, row] of [
    ['PCMU', pcmu],
    ['L16', l16]
  ] as const) {
    const calls = Math.min(JUDGED_CALLS, Math.max(...row.keys()))
    const name = `CPU against the bare relay, ${codec} pass-through, ${calls} calls`
    bars.atMost(name, row.get(calls)?.ratio, 1.3, ' x')
  }
  // Where both have room to breathe: above its limit a relay does no more work, however many calls there are.
  const calls = Math.min(100, Math.max(...pcmu.keys()))
  const dear = converted.get(calls)?.server
  const cheap = pcmu.get(calls)?.server
  const times = dear && cheap ? dear.cpuMs / cheap.cpuMs : undefined
  bars.atMost(`CPU of transcoding against pass-through, ${calls} calls`, times, 2, ' x')
  judgeMemory(pcmu, bars)
}

/** What each further call takes, beyond the garbage that the first ones let V8 collect so rarely. */
function judgeMemory(pcmu: Row, bars: Bars): void {
  const rows = [...pcmu.values()].flatMap(({ server }) => (server && server.calls >= 50 ? [server] : []))
  const [first] = rows
  const last = rows.at(-1)
  if (!first || !last || first === last) return
  const perCallKb = (last.rssBytes - first.rssBytes) / 1024 / (last.calls - first.calls)
  bars.atMost(`RSS of each further call, ${first.calls} to ${last.calls} calls`, perCallKb, 200, ' KB')
}

function judgeLatency(pcmu: Row, bars: Bars): void {
  for (const [calls, limitMs] of [
    [50, 10],
    [200, 10],
    [300, 20]
  ]) {
    const pair = pcmu.get(calls)
    if (!pair) continue
    const { server } = pair
    bars.atMost(`added latency inward p99, ${calls} calls`, server?.inward.p99, limitMs, ' ms')
    bars.atMost(`added latency outward p99, ${calls} calls`, server?.outward.p99, limitMs, ' ms')
    bars.atMost(`frames lost, ${calls} calls`, server ? lost(server) : undefined, 0)
  }
  const crowded = pcmu.get(400)
  if (!crowded) return
  for (const way of ['inward', 'outward'] as const) {
    const name = `added latency ${way} p99 against the bare relay's, 400 calls`
    // A relay that cannot hold the calls at all is no bar to be measured by.
    const limitMs = crowded.bare ? crowded.bare[way].p99 : Number.POSITIVE_INFINITY
    bars.atMost(name, crowded.server?.[way].p99, limitMs, ' ms')
  }
}
