import { pino } from 'pino'
import { bytesPerMs, PCMU_8K } from '../../../../audio/format.ts'
import { systemClock } from '../../../../services/clock.ts'
import { loadConfig } from '../../../../services/config.ts'
import type { CascadeEngine } from '../../../../services/engines/cascade/cascade-engine.ts'
import { type CascadeCall, CascadeFactory } from '../../../../services/engines/cascade/cascade-factory.ts'
import { ENGINE_EVENTS } from '../../../../services/engines/engine-events.ts'
import type { AgentEngineEvents, HeardReply } from '../../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../../../sessions/contracts/agent-profile.ts'
import {
  type DeepgramStandIn,
  type DeepgramStandInOptions,
  startDeepgramStandIn
} from '../../../standins/deepgram/deepgram-standin.ts'
import {
  type RealtimeStandIn,
  type RealtimeStandInOptions,
  startRealtimeStandIn
} from '../../../standins/openai/realtime-stand-in.ts'
import { Waiters } from '../../../standins/telnyx/waiters.ts'
import { testProfile } from '../../../support/session-rig.ts'
import { speechLike } from '../../../support/speech-like.ts'
import { codecOf } from '../realtime/engine-rig.ts'

export type EngineEvent = {
  [E in keyof AgentEngineEvents]: { type: E; at: number; event: AgentEngineEvents[E][0] }
}[keyof AgentEngineEvents]

const FRAME_MS = 20

export interface CascadeRigOptions {
  readonly deepgram?: DeepgramStandInOptions
  readonly openai?: RealtimeStandInOptions
  readonly env?: Record<string, string>
  readonly profile?: Partial<AgentProfile>
  readonly call?: Partial<CascadeCall>
}

/** A CascadeEngine between stand-ins of its services, and everything that it said. */
export class CascadeRig {
  readonly engine: CascadeEngine
  readonly deepgram: DeepgramStandIn
  readonly openai: RealtimeStandIn
  readonly happened: EngineEvent[] = []
  readonly #factory: CascadeFactory
  #skippedMs = 0
  readonly #waiters = new Waiters(
    () => `The engine said: ${this.happened.map(({ type }) => type).join(', ')}; ${this.troubles.join(', ')}`
  )

  private constructor(deepgram: DeepgramStandIn, openai: RealtimeStandIn, options: CascadeRigOptions) {
    this.deepgram = deepgram
    this.openai = openai
    const { cascade } = loadConfig({
      OPENAI_API_KEY: openai.apiKey,
      OPENAI_BASE_URL: openai.url,
      DEEPGRAM_API_KEY: deepgram.apiKey,
      DEEPGRAM_BASE_URL: deepgram.url,
      ...options.env
    })
    if (!cascade) throw new Error('There are no keys')
    this.#factory = new CascadeFactory({
      config: cascade,
      clock: { now: () => systemClock.now() + this.#skippedMs, after: systemClock.after },
      log: pino({ level: 'silent' })
    })
    this.engine = this.#factory.create({
      profile: { ...testProfile, greeting: 'Good day, this is Offhook.', ...options.profile },
      format: PCMU_8K,
      tools: [],
      ...options.call
    })
    for (const type of ENGINE_EVENTS) {
      this.engine.on(type, (event: unknown) => {
        this.happened.push({ type, at: performance.now(), event: keep(event) } as EngineEvent)
        this.#waiters.check()
      })
    }
  }

  static async make(options: CascadeRigOptions = {}): Promise<CascadeRig> {
    const [deepgram, openai] = await Promise.all([
      startDeepgramStandIn(options.deepgram),
      startRealtimeStandIn(options.openai)
    ])
    return new CascadeRig(deepgram, openai, options)
  }

  static async connected(options: CascadeRigOptions = {}): Promise<CascadeRig> {
    const rig = await CascadeRig.make(options)
    await rig.engine.connect(new AbortController().signal)
    return rig
  }

  eventsOf<T extends EngineEvent['type']>(type: T): AgentEngineEvents[T][0][] {
    const ofType = this.happened.filter((each) => each.type === type)
    return ofType.map(({ event }) => event as AgentEngineEvents[T][0])
  }

  until<T>(condition: () => T | undefined | false, what: string): Promise<T> {
    return this.#waiters.until(condition, what, 8000)
  }

  /** The nth event of this type. */
  waitFor<T extends EngineEvent['type']>(type: T, count = 1): Promise<AgentEngineEvents[T][0]> {
    return this.until(() => this.eventsOf(type)[count - 1], `${type} number ${count}`)
  }

  /** Codes of every error survived. */
  get troubles(): string[] {
    return this.eventsOf('trouble').map(({ code }) => code)
  }

  /** What the agent said, reply by reply. */
  get said(): string[] {
    const replies = Map.groupBy(this.eventsOf('agentTranscript'), ({ replyId }) => replyId)
    return [...replies.values()].map((pieces) => pieces.map(({ delta }) => delta).join(''))
  }

  /** What the caller said, utterance by utterance. */
  get heard(): string[] {
    return this.eventsOf('callerTranscript').map(({ text }) => text)
  }

  /** Messages of the nth request to the chat model, from 1, as `role: content`; without the instructions. */
  messagesOf(request: number): string[] {
    const { messages } = this.openai.chats[request - 1].body
    return messages.slice(1).map((message) => `${message.role}: ${message.content ?? ''}`)
  }

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

  /** The caller says something, then is silent for as long as it takes to be sure. */
  speak(ms = 1000, silentMs = 1200): void {
    const { sampleRate } = this.engine.inputFormat
    this.#sendFrames(speechLike({ sampleRate, ms }))
    this.beSilent(silentMs)
  }

  /** So much time has passed since, for whoever looks at the clock. */
  skip(ms: number): void {
    this.#skippedMs += ms
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
    await this.#factory.close()
    await Promise.all([this.deepgram.close(), this.openai.close()])
    this.#waiters.close()
  }
}

/** Audio is valid during the event only. */
function keep(event: unknown): unknown {
  const audio = event as { payload?: Uint8Array }
  return audio?.payload ? { ...audio, payload: Buffer.from(audio.payload) } : event
}
