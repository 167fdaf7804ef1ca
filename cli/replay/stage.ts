import { pino } from 'pino'
import { createTelnyxMedia, createTwilioMedia } from '../../services/carriers/media.ts'
import { RealtimeEngine } from '../../services/engines/realtime/realtime-engine.ts'
import { type EngineAnswer, FramedEngine } from '../../services/tape/framed-engine.ts'
import { carryOutCommand } from '../../services/tape/taped-commands.ts'
import { VirtualClock } from '../../services/virtual-clock.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallSession } from '../../sessions/call-session.ts'
import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvent, EndReason } from '../../sessions/contracts/call-events.ts'
import type { SocketState, TapedMediaSetup, TapeWire } from '../../sessions/contracts/call-tape.ts'
import type { MediaTransport } from '../../sessions/contracts/media-transport.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import { callEnded, type Deed, frameSent, socketShut } from './compare.ts'
import { ReplaySocket, replayDial } from './replay-sockets.ts'
import { type Tape, TapeError } from './tape-file.ts'

/** Of any whole number all instants come out the same. */
const STARTED_AT = 1_700_000_000_000

/** The session of a recorded call, with its engine and transports, between sockets in memory under a virtual clock. */
export class Stage {
  readonly clock = new VirtualClock(STARTED_AT)
  readonly session: CallSession
  /** What the session did, in order. */
  readonly deeds: Deed[] = []
  readonly events: CallEvent[] = []
  readonly #tape: Tape
  readonly #log = pino({ level: 'silent' })
  readonly #sockets: Record<TapeWire, ReplaySocket[]> = { carrier: [], engine: [] }
  readonly #toolRuns: PromiseWithResolvers<string>[] = []
  /** Of an engine without a socket: events that came out of the nth call of its contract. */
  readonly #during: ReadonlyMap<number, readonly string[]>
  #engineCalls = 0
  #framed: FramedEngine | null = null
  #refuseNext = false

  constructor(tape: Tape) {
    const { header } = tape
    const { clock } = this
    this.#tape = tape
    this.#during = eventsDuringCalls(tape)
    const events = createCallEvents({ now: () => clock.now(), onListenerError: () => undefined })
    events.subscribe(({ event }) => this.#onEvent(event))
    const tools = new ToolRunner({ tools: this.#createTools(), clock })
    this.session = new CallSession({
      call: header.call,
      profile: header.profile,
      engine: this.#createEngine(),
      tools,
      events,
      clock,
      log: this.#log,
      maxCallMs: header.maxCallMs,
      mediaDeadlineMs: header.mediaDeadlineMs,
      onAddedLatency: () => undefined,
      hangUp: async () => undefined,
      reconnect: header.call.carrier === 'test' ? null : async () => undefined
    })
  }

  /** Milliseconds since the call was answered. */
  get t(): number {
    return this.clock.now() - STARTED_AT
  }

  /** The epoch instant of this many milliseconds into the call. */
  at(t: number): number {
    return STARTED_AT + t
  }

  openMedia(setup: TapedMediaSetup): void {
    const socket = this.#openSocket('carrier')
    if (setup.dialect === 'telnyx') {
      this.session.attachMedia(this.#telnyxTransport(socket, setup))
      return
    }
    const create = createTwilioMedia({ clock: this.clock, idleTimeoutMs: setup.idleTimeoutMs })
    const transport: MediaTransport = create(socket, () => {
      if (this.#refuseNext) return false
      this.session.attachMedia(transport)
      return true
    })
  }

  /** null where the session has not opened it. */
  socket(wire: TapeWire, number = 1): ReplaySocket | null {
    return this.#sockets[wire][number - 1] ?? null
  }

  receive(wire: TapeWire, number: number | undefined, data: string): void {
    if (wire === 'engine' && this.#framed) this.#framed.receive(JSON.parse(data) as EngineAnswer)
    else this.socket(wire, number)?.receive(data)
  }

  /** What will be found of a socket while the next thing is handled. */
  foresee(states: readonly { wire: TapeWire; socket?: number; state: SocketState }[]): void {
    this.#refuseNext = states.some(({ state }) => state.refused === true)
    for (const socket of [...this.#sockets.carrier, ...this.#sockets.engine]) socket.set({})
    for (const { wire, socket, state } of states) this.socket(wire, socket)?.set(state)
  }

  toolDone(run: number, output: string | null): void {
    const waiting = this.#toolRuns[run - 1]
    if (output === null) waiting?.reject(new Error('The tool failed on the tape'))
    else waiting?.resolve(output)
  }

  /** Carries out what somebody outside told the session. Tools that it learned come back with what is on the tape. */
  command(name: string, args: readonly unknown[]): void {
    const learned = name === 'learnTools' ? (args[0] as readonly Tool[]) : null
    const given = learned ? [learned.map(({ spec }) => this.#createTool(spec))] : args
    carryOutCommand(this.session, name, given)
  }

  end(reason: EndReason): void {
    void this.session.end(reason)
  }

  #onEvent(event: CallEvent): void {
    this.events.push(event)
    if (event.type === 'call.ended') this.deeds.push(callEnded(this.t, event.reason))
  }

  #openSocket(wire: TapeWire): ReplaySocket {
    const socket = new ReplaySocket({
      sent: (data) => this.deeds.push(frameSent(this.t, wire, data)),
      shut: () => this.deeds.push(socketShut(this.t, wire))
    })
    this.#sockets[wire].push(socket)
    return socket
  }

  #telnyxTransport(socket: ReplaySocket, setup: TapedMediaSetup): MediaTransport {
    const { l16ByteOrder = 'auto', presumedByteOrder = { current: 'le', known: false } } = setup
    const create = createTelnyxMedia({
      clock: this.clock,
      idleTimeoutMs: setup.idleTimeoutMs,
      l16ByteOrder,
      presumedByteOrder: { ...presumedByteOrder }
    })
    return create(socket, this.#tape.header.streamFormat)
  }

  #createTools(): Tool[] {
    return this.#tape.engine.tools.map((spec) => this.#createTool(spec))
  }

  #createTool(spec: ToolSpec): Tool {
    return {
      spec,
      run: () => {
        const run = Promise.withResolvers<string>()
        this.#toolRuns.push(run)
        return run.promise
      }
    }
  }

  #createEngine(): AgentEngine {
    const { engine, header } = this.#tape
    if (engine.name !== 'realtime') {
      const onRequest = (request: object) => this.#onRequest(JSON.stringify(request))
      this.#framed = new FramedEngine({ ...engine, onRequest })
      return this.#framed
    }
    if (!engine.realtime) throw new TapeError('The tape does not say how its realtime engine was set up.')
    return new RealtimeEngine({
      apiKey: 'replay',
      baseUrl: null,
      ...engine.realtime,
      profile: header.profile,
      tools: engine.tools,
      format: header.streamFormat,
      clock: this.clock,
      log: this.#log,
      dial: replayDial(() => this.#openSocket('engine'))
    })
  }

  #onRequest(data: string): void {
    this.deeds.push(frameSent(this.t, 'engine', data))
    this.#engineCalls += 1
    for (const event of this.#during.get(this.#engineCalls) ?? []) this.receive('engine', 1, event)
  }
}

function eventsDuringCalls({ lines }: Tape): Map<number, string[]> {
  const during = new Map<number, string[]>()
  for (const line of lines) {
    if (line.kind !== 'in' || line.during === undefined) continue
    during.set(line.during, [...(during.get(line.during) ?? []), line.data])
  }
  return during
}
