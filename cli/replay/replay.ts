import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { createTelnyxMedia, createTwilioMedia } from '../../services/carriers/media.ts'
import { RealtimeEngine } from '../../services/engines/realtime/realtime-engine.ts'
import { VirtualClock } from '../../services/virtual-clock.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallSession } from '../../sessions/call-session.ts'
import type { ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvent } from '../../sessions/contracts/call-events.ts'
import type { TapeLine, TapeWire } from '../../sessions/contracts/call-tape.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import { compareWire, type Departure, type SentFrame } from './compare.ts'
import { ReplaySocket, replayDial } from './replay-sockets.ts'
import { type Tape, TapeError } from './tape-file.ts'

/** Ends that come from outside the two wires: a webhook, the operator, a drain. */
const OUTSIDE_ENDS = new Set(['caller_hung_up', 'operator', 'draining', 'transferred', 'carrier_failed'])
/** Longer than any goodbye. */
const TAIL_MS = 500
const IDLE_TIMEOUT_MS = 30_000

export interface ReplayResult {
  readonly departures: readonly Departure[]
  readonly frames: { readonly in: number; readonly out: number }
  readonly durationMs: number
  readonly events: readonly CallEvent[]
}

/**
 * Feeds a recorded call to the same session, transport and engine under a virtual clock, and compares what they send
 * with what was sent. The same tape gives the same result every time. @throws TapeError for a tape without an engine's
 * wire.
 */
export async function replay(tape: Tape): Promise<ReplayResult> {
  const stage = createStage(tape)
  stage.session.start()
  for (const line of tape.lines) {
    stage.clock.advanceTo(stage.startedAt + line.t)
    await settle()
    await play(stage, line)
    await settle()
  }
  stage.clock.advance(TAIL_MS)
  await settle()
  return judge(tape, stage)
}

type Stage = ReturnType<typeof createStage>

function createStage(tape: Tape) {
  const { header } = tape
  const clock = new VirtualClock()
  const startedAt = clock.now()
  const log = pino({ level: 'silent' })
  const sent: Record<TapeWire, SentFrame[]> = { carrier: [], engine: [] }
  const note = (wire: TapeWire) => (data: string) => sent[wire].push({ t: clock.now() - startedAt, data })
  const engineSocket = new ReplaySocket(note('engine'))
  const events = createCallEvents({ now: () => clock.now(), onListenerError: () => undefined })
  const published: CallEvent[] = []
  events.subscribe(({ event }) => published.push(event))
  const setUp = engineSetUp(tape)
  const engine = new RealtimeEngine({
    apiKey: 'replay',
    baseUrl: null,
    model: 'replay',
    voice: setUp.voice,
    audio: setUp.audio,
    profile: header.profile,
    tools: setUp.tools,
    format: header.streamFormat,
    clock,
    log,
    transcriptionModel: setUp.transcriptionModel,
    dial: replayDial(engineSocket)
  })
  const session = new CallSession({
    call: header.call,
    profile: header.profile,
    engine,
    tools: new ToolRunner({ tools: [], clock }),
    events,
    clock,
    log,
    maxCallMs: header.maxCallMs,
    mediaDeadlineMs: 20_000,
    onAddedLatency: () => undefined,
    hangUp: async () => undefined,
    reconnect: header.call.carrier === 'test' ? null : async () => undefined
  })
  return {
    clock,
    startedAt,
    sent,
    note,
    engineSocket,
    session,
    published,
    header,
    carrierSocket: null as ReplaySocket | null
  }
}

async function play(stage: Stage, line: TapeLine): Promise<void> {
  if (line.kind === 'ended') {
    if (
      stage.session.phase !== 'closed' &&
      stage.session.phase !== 'closing' &&
      OUTSIDE_ENDS.has(line.reason)
    ) {
      void stage.session.end(line.reason as 'operator')
    }
  } else if (line.wire === 'carrier') {
    playCarrier(stage, line)
  } else if (line.kind === 'in') {
    stage.engineSocket.receive(line.data)
  } else if (line.kind === 'close') {
    stage.engineSocket.vanish()
  }
}

function playCarrier(stage: Stage, line: Exclude<TapeLine, { kind: 'ended' }>): void {
  if (line.kind === 'open') {
    stage.carrierSocket = new ReplaySocket(stage.note('carrier'))
    stage.session.attachMedia(transportOf(stage, stage.carrierSocket))
  } else if (line.kind === 'in') {
    stage.carrierSocket?.receive(line.data)
  } else if (line.kind === 'close') {
    stage.carrierSocket?.vanish()
  }
}

function transportOf({ header, clock }: Stage, socket: ReplaySocket) {
  if (header.call.carrier === 'twilio') {
    return createTwilioMedia({ clock, idleTimeoutMs: IDLE_TIMEOUT_MS })(socket, () => true)
  }
  const media = createTelnyxMedia({ clock, l16ByteOrder: 'auto', idleTimeoutMs: IDLE_TIMEOUT_MS })
  return media(socket, header.streamFormat)
}

/** How the engine was set up, by the first thing it said. */
function engineSetUp({ header, lines }: Tape) {
  const first = lines.find((line) => line.kind === 'out' && line.wire === 'engine')
  if (!first || first.kind !== 'out') {
    throw new TapeError(
      'The tape holds nothing of a realtime engine: only calls with that engine can be replayed.'
    )
  }
  const { session } = JSON.parse(first.data) as SessionUpdate
  const pcm = session.audio.input.format.type === 'audio/pcm'
  const legSpeaksIt = header.streamFormat.encoding !== 'pcm16' || header.streamFormat.sampleRate === 24_000
  return {
    voice: session.audio.output.voice,
    audio:
      pcm && legSpeaksIt && header.streamFormat.encoding !== 'pcm16' ? ('pcm' as const) : ('auto' as const),
    transcriptionModel: session.audio.input.transcription.model,
    tools: (session.tools ?? []).filter(({ name }) => name !== 'end_call')
  }
}

interface SessionUpdate {
  readonly session: {
    readonly tools?: readonly ToolSpec[]
    readonly audio: {
      readonly input: {
        readonly format: { readonly type: string }
        readonly transcription: { readonly model: string }
      }
      readonly output: { readonly voice: string }
    }
  }
}

function judge(tape: Tape, { sent, published, clock, startedAt }: Stage): ReplayResult {
  const wires: TapeWire[] = ['carrier', 'engine']
  const departures = wires.flatMap((wire) => compareWire(wire, sentOnTape(tape, wire), sent[wire]))
  const wanted = tape.lines.find((line) => line.kind === 'ended')
  const ended = published.find((event) => event.type === 'call.ended')
  if (wanted?.kind === 'ended' && ended?.type !== 'call.ended') {
    departures.push({ wire: 'call', t: wanted.t, expected: `ended: ${wanted.reason}`, got: null })
  } else if (wanted?.kind === 'ended' && ended?.type === 'call.ended' && ended.reason !== wanted.reason) {
    departures.push({
      wire: 'call',
      t: wanted.t,
      expected: `ended: ${wanted.reason}`,
      got: `ended: ${ended.reason}`
    })
  }
  const count = (kind: 'in' | 'out') => tape.lines.filter((line) => line.kind === kind).length
  const frames = { in: count('in'), out: count('out') }
  return { departures, frames, durationMs: clock.now() - startedAt, events: published }
}

function sentOnTape({ lines }: Tape, wire: TapeWire): SentFrame[] {
  return lines.flatMap((line) =>
    line.kind === 'out' && line.wire === wire ? [{ t: line.t, data: line.data }] : []
  )
}

/** Lets promises that are settled run on, also those of streams. */
async function settle(): Promise<void> {
  await setImmediate()
}
