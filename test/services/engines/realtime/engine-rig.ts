import { pino } from 'pino'
import { type AudioFormat, bytesPerMs, PCMU_8K } from '../../../../audio/format.ts'
import { systemClock } from '../../../../services/clock.ts'
import { ENGINE_EVENTS } from '../../../../services/engines/engine-events.ts'
import {
  RealtimeEngine,
  type RealtimeEngineOptions
} from '../../../../services/engines/realtime/realtime-engine.ts'
import type { AgentEngineEvents, HeardReply } from '../../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../../../sessions/contracts/agent-profile.ts'
import {
  type RealtimeStandIn,
  type RealtimeStandInOptions,
  startRealtimeStandIn
} from '../../../standins/openai/realtime-stand-in.ts'
import type { StandInSession } from '../../../standins/openai/stand-in-session.ts'
import { Waiters } from '../../../standins/telnyx/waiters.ts'
import { createWireCodec } from '../../../standins/telnyx/wire-codec.ts'
import { testProfile } from '../../../support/session-rig.ts'
import { sine } from '../../../support/tone.ts'

export type EngineEvent = {
  [E in keyof AgentEngineEvents]: { type: E; event: AgentEngineEvents[E][0] }
}[keyof AgentEngineEvents]

const profile: AgentProfile = {
  ...testProfile,
  greeting: 'Good day, this is Offhook.',
  language: 'en-GB'
}

const FRAME_MS = 20

/** A RealtimeEngine that is connected to a stand-in, and everything that it said. */
export class EngineRig {
  readonly engine: RealtimeEngine
  readonly happened: EngineEvent[] = []
  readonly standIn: RealtimeStandIn
  readonly #ownsStandIn: boolean
  readonly #waiters = new Waiters(
    () => `The engine said: ${this.happened.map(({ type }) => type).join(', ')}`
  )

  private constructor(
    standIn: RealtimeStandIn,
    ownsStandIn: boolean,
    options: Partial<RealtimeEngineOptions>
  ) {
    this.standIn = standIn
    this.#ownsStandIn = ownsStandIn
    this.engine = new RealtimeEngine({
      apiKey: standIn.apiKey,
      baseUrl: standIn.url,
      model: 'gpt-realtime-2.1',
      voice: 'marin',
      audio: 'auto',
      profile,
      tools: [],
      format: PCMU_8K,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      ...options
    })
    for (const type of ENGINE_EVENTS) {
      this.engine.on(type, (event: unknown) => {
        this.happened.push({ type, event: keep(event) } as EngineEvent)
        this.#waiters.check()
      })
    }
  }

  /** An engine that has not been connected. */
  static async make(
    standIn: RealtimeStandInOptions | RealtimeStandIn = {},
    options: Partial<RealtimeEngineOptions> = {}
  ): Promise<EngineRig> {
    if ('sessions' in standIn) return new EngineRig(standIn, false, options)
    return new EngineRig(await startRealtimeStandIn({ validate: true, ...standIn }), true, options)
  }

  static async connected(
    standIn: RealtimeStandInOptions | RealtimeStandIn = {},
    options: Partial<RealtimeEngineOptions> = {}
  ): Promise<EngineRig> {
    const rig = await EngineRig.make(standIn, options)
    await rig.engine.connect(new AbortController().signal)
    return rig
  }

  /** The only session of the stand-in. */
  get session(): StandInSession {
    return this.standIn.sessions[0]
  }

  eventsOf<T extends EngineEvent['type']>(type: T): AgentEngineEvents[T][0][] {
    const ofType = this.happened.filter((each) => each.type === type)
    return ofType.map(({ event }) => event as AgentEngineEvents[T][0])
  }

  until<T>(condition: () => T | undefined | false, what: string): Promise<T> {
    return this.#waiters.until(condition, what, 5000)
  }

  /** The nth event of this type. */
  waitFor<T extends EngineEvent['type']>(type: T, count = 1): Promise<AgentEngineEvents[T][0]> {
    return this.until(() => this.eventsOf(type)[count - 1], `${type} number ${count}`)
  }

  /** Codes of every error survived. */
  get troubles(): string[] {
    return this.eventsOf('trouble').map(({ code }) => code)
  }

  /** Audio of one reply, or of all. */
  audioOf(replyId?: string): Buffer {
    const pieces = this.eventsOf('audio').filter(
      (audio) => replyId === undefined || audio.replyId === replyId
    )
    return Buffer.concat(pieces.map(({ payload }) => payload))
  }

  receivedMs(replyId: string): number {
    return this.audioOf(replyId).byteLength / bytesPerMs(this.engine.outputFormat)
  }

  /** Interrupts at every `callerSpeechStarted` as a session would that knows this. */
  interruptWith(heard: () => HeardReply[]): void {
    this.engine.on('callerSpeechStarted', () => this.engine.interrupt(heard()))
  }

  speak(ms: number): void {
    this.#sendFrames(sine({ frequencyHz: 300, sampleRate: this.engine.inputFormat.sampleRate, ms }))
  }

  beSilent(ms: number): void {
    this.#sendFrames(new Int16Array((ms * this.engine.inputFormat.sampleRate) / 1000))
  }

  #sendFrames(samples: Int16Array): void {
    const codec = codecOf(this.engine.inputFormat)
    const frame = (FRAME_MS * this.engine.inputFormat.sampleRate) / 1000
    for (let at = 0; at < samples.length; at += frame) {
      const payload = codec.encode(samples.subarray(at, at + frame))
      this.engine.sendAudio(payload)
      // The contract: the payload is the caller's own again.
      payload.fill(0)
    }
  }

  async close(): Promise<void> {
    this.engine.close()
    if (this.#ownsStandIn) await this.standIn.close()
    this.#waiters.close()
  }
}

export function codecOf(format: AudioFormat) {
  const encoding = format.encoding === 'pcm16' ? 'L16' : format.encoding === 'pcmu' ? 'PCMU' : 'PCMA'
  return createWireCodec({ encoding, sampleRateHz: format.sampleRate, byteOrder: 'le' })
}

/** Audio is valid during the event only. */
function keep(event: unknown): unknown {
  const audio = event as { payload?: Uint8Array }
  return audio?.payload ? { ...audio, payload: Buffer.from(audio.payload) } : event
}
