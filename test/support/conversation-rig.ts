import { pino } from 'pino'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallSession } from '../../sessions/call-session.ts'
import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import { ManualClock } from './manual-clock.ts'
import { testCall } from './session-rig.ts'
import { VirtualCarrier } from './virtual-carrier.ts'

/** A call that lasts as long as it takes, begun between this carrier and engine. */
export function beginCall(options: {
  clock: ManualClock
  carrier: VirtualCarrier
  engine: AgentEngine
  profile: AgentProfile
  /** Takes what listeners of the call's events throw. */
  faults: string[]
  tools?: readonly Tool[]
  /** Asks for a stream in place of one that was lost. */
  reconnect?: () => Promise<void>
}): CallSession {
  const { clock, carrier, engine, faults, profile, tools = [], reconnect = null } = options
  const onListenerError = (error: unknown) => faults.push(String(error))
  const session = new CallSession({
    ...{ call: testCall, profile, engine, clock, log: pino({ level: 'silent' }) },
    tools: new ToolRunner({ tools, clock }),
    events: createCallEvents({ now: () => clock.now(), onListenerError }),
    maxCallMs: 3_600_000,
    mediaDeadlineMs: 20_000,
    hangUp: async () => undefined,
    onAddedLatency: () => undefined,
    reconnect
  })
  session.start()
  session.attachMedia(carrier)
  carrier.start()
  return session
}

/** What happens on the way to the carrier. */
export interface LineEvents {
  /** One way. */
  readonly carrierDelayMs: number
  /** The media stream is lost so long after the beginning, and comes back so long after it was asked for. */
  readonly lossMs: number | null
  readonly absenceMs: number
  /** The caller presses a key. */
  readonly keyMs: number | null
}

/** The caller's end of a call, which finds fault with what they hear while they speak. */
export class VirtualLine {
  readonly clock = new ManualClock()
  readonly faults: string[] = []
  speaks = false
  /** There is no media stream. */
  isGone = false
  pressedAt: number | null = null
  readonly #events: LineEvents
  readonly #yieldsAtOnce: boolean
  readonly #carriers: VirtualCarrier[] = []

  /** `yieldsAtOnce`: the agent must not speak while the caller does. */
  constructor(events: LineEvents, yieldsAtOnce: boolean) {
    this.#events = events
    this.#yieldsAtOnce = yieldsAtOnce
  }

  get carrier(): VirtualCarrier {
    return this.#carriers.at(-1) as VirtualCarrier
  }

  /** Begins the call, and has happen to it what is to happen. */
  begin(options: { engine: AgentEngine; profile: AgentProfile; tools?: readonly Tool[] }): CallSession {
    const { clock, faults } = this
    const { absenceMs, keyMs, lossMs } = this.#events
    const session = beginCall({
      ...{ ...options, clock, faults, carrier: this.#newCarrier() },
      reconnect: async () =>
        void clock.after(absenceMs, () => {
          session.attachMedia(this.#newCarrier())
          this.carrier.start()
        })
    })
    if (lossMs !== null) clock.after(lossMs, () => this.#lose())
    if (keyMs !== null) clock.after(keyMs, () => this.#press())
    return session
  }

  /** The agent knows that the caller speaks: what it had sent is to be taken back. */
  callerSpeaks(): void {
    this.speaks = true
    const { carrier } = this
    this.clock.after(this.#events.carrierDelayMs, () => {
      if (this.speaks && this.#yieldsAtOnce && !this.isGone && carrier.queuedMs > 20)
        this.faults.push(`${carrier.queuedMs} ms are played on as the caller speaks`)
    })
  }

  /** On all streams, of audio that is this mu-law byte throughout. */
  heardMs(byte: number): number {
    return this.#carriers.reduce((sum, carrier) => sum + carrier.heardMs(byte), 0)
  }

  #newCarrier(): VirtualCarrier {
    const line = this
    class Listening extends VirtualCarrier {
      override send(payload: Uint8Array): void {
        if (line.speaks && line.#yieldsAtOnce) line.faults.push('the agent speaks into the caller’s sentence')
        super.send(payload)
      }
    }
    this.#carriers.push(new Listening({ clock: this.clock, delayMs: this.#events.carrierDelayMs }))
    this.isGone = false
    return this.carrier
  }

  #lose(): void {
    this.isGone = true
    this.carrier.vanish()
  }

  #press(): void {
    if (this.isGone) return
    this.pressedAt = this.clock.now()
    this.carrier.emit('dtmf', '5')
  }
}
