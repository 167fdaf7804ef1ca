import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import type { EchoComparison } from '../audio/echo-likeness.ts'
import { durationMs } from '../audio/format.ts'
import { AudioTaps } from './audio-taps.ts'
import { CallLimits } from './call-limits.ts'
import { type CallPhase, nextPhase } from './call-phase.ts'
import { CallReporter } from './call-reporter.ts'
import { Conduct, type GoodbyeEnd } from './conduct.ts'
import type { AgentEngine, AgentEngineEvents } from './contracts/agent-engine.ts'
import type { AgentProfile } from './contracts/agent-profile.ts'
import type { CallEvents, CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { MediaTransport, StreamStart } from './contracts/media-transport.ts'
import type { Tool } from './contracts/tool.ts'
import { EchoGuard } from './echo-guard.ts'
import { CallError } from './errors.ts'
import { Floor } from './floor.ts'
import { hangUpWithin, OURS_TO_HANG_UP } from './hang-up.ts'
import { InboundAudio } from './inbound-audio.ts'
import { MediaLeg } from './media-leg.ts'
import { Muting } from './muting.ts'
import { OutboundAudio } from './outbound-audio.ts'
import { TapFeed } from './tap-feed.ts'
import type { ToolRunner } from './tool-runner.ts'

/** Of so many caller frames one is timed: often enough for a histogram, and too rarely to cost anything. */
const LATENCY_SAMPLE = 50

export interface CallSessionOptions {
  readonly call: CallIdentity
  readonly profile: AgentProfile
  readonly engine: AgentEngine
  readonly tools: ToolRunner
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  /** How long a frame took through this process, in ms; told for some of them. */
  readonly onAddedLatency: (direction: 'inbound' | 'outbound', ms: number) => void
  /** Shared by the calls of a process; one of its own where missing. */
  readonly echoComparison?: EchoComparison
  readonly maxCallMs: number
  readonly mediaDeadlineMs: number
  /** Ends the carrier's leg; one that has ended already is success. */
  readonly hangUp: () => Promise<void>
  /** Asks the carrier for the media stream again; null where there is no carrier to ask. */
  readonly reconnect: (() => Promise<void>) | null
}

/** One live call: the only code that changes it. It joins a media stream and an engine, and ends once. */
export class CallSession extends EventEmitter<{ closed: [] }> {
  readonly call: CallIdentity
  /** Media messages of the call so far. */
  readonly frames = { in: 0, out: 0 }
  /** Where others may listen. */
  readonly taps = new AudioTaps()
  readonly muting: Muting
  readonly #options: CallSessionOptions
  readonly #engine: AgentEngine
  readonly #clock: Clock
  readonly #inbound: InboundAudio
  readonly #outbound: OutboundAudio
  readonly #tapFeed: TapFeed
  readonly #reporter: CallReporter
  readonly #floor: Floor
  readonly #limits: CallLimits
  readonly #abort = new AbortController()
  #phase: CallPhase = 'connecting'
  readonly #media: MediaLeg
  #streaming = false
  #connectMs = 0
  #toldEngine = false
  readonly #conduct: Conduct
  #handingOver = false
  /** The engine was lost while the caller, who did not need it, was being handed over. */
  #engineGone = false
  #ended: Promise<void> | null = null

  constructor(options: CallSessionOptions) {
    super()
    const { clock, engine } = options
    this.#options = options
    this.call = options.call
    this.#engine = engine
    this.#clock = clock
    this.#reporter = new CallReporter(options)
    this.#inbound = new InboundAudio({
      clock,
      engineFormat: engine.inputFormat,
      toEngine: (payload) => this.#toEngine(payload)
    })
    const echoGuard = new EchoGuard(options.echoComparison)
    this.#outbound = new OutboundAudio({ clock, engineFormat: engine.outputFormat, echoGuard })
    this.#tapFeed = new TapFeed({ taps: this.taps, outbound: this.#outbound })
    const [outbound, reporter] = [this.#outbound, this.#reporter]
    this.#floor = new Floor({
      policy: options.profile.interruption,
      language: options.profile.language,
      engine,
      outbound,
      reporter,
      echoGuard,
      clock,
      onHeardWhole: (replyId, resumedFromMs) => this.#onHeardWhole({ replyId, resumedFromMs }),
      onCallerSpeaks: () => this.#conduct.callerSpeaks(),
      onCallerYields: () => this.#conduct.goodbye.takeUp()
    })
    this.muting = new Muting({ engine, floor: this.#floor, inbound: this.#inbound, outbound, reporter })
    this.#media = new MediaLeg({
      call: options.call,
      clock,
      reporter,
      reconnect: options.reconnect,
      guard: (handler) => this.#guard(handler),
      onStarted: (transport, start, again) => this.#onStreamStarted(transport, start, again),
      onAudio: (payload) => this.#onCallerAudio(payload),
      onMissing: (frames) => this.#inbound.missing(frames),
      onMark: (name) => this.#onMark(name),
      onDigit: (digit) => this.#onDigit(digit),
      onLost: () => outbound.detach((reply) => this.#onHeardWhole(reply)),
      onOver: (reason) => void this.end(reason)
    })
    this.#limits = new CallLimits({
      clock,
      mediaDeadlineMs: options.mediaDeadlineMs,
      maxCallMs: options.maxCallMs,
      onMediaDeadline: () => void this.end('connect_timeout'),
      onNearMaxLength: () => this.#conduct.timeUp(() => this.#floor.stopAgent()),
      onMaxLength: () => void this.end('max_length'),
      onHeartbeat: () => this.#reporter.publish({ type: 'call.heartbeat' })
    })
    this.#conduct = new Conduct({
      ...options,
      outbound,
      reporter,
      limits: this.#limits,
      signal: this.#abort.signal,
      live: () => this.#phase === 'live' && this.connected && !this.#handingOver && !this.muting.any,
      end: (reason, detail) => void this.end(reason, detail)
    })
  }

  get phase(): CallPhase {
    return this.#phase
  }

  /** Whether the media stream is there. */
  get connected(): boolean {
    return this.#media.connected
  }

  /** Opens the engine. The greeting is made at once and waits for the media stream, so that it is heard at once. */
  start(): void {
    this.#listenToEngine()
    this.#engine.connect(this.#abort.signal).then(
      this.#guard(() => this.#onEngineReady()),
      (error: unknown) => this.#onEngineFailed(error)
    )
  }

  /** The carrier's media socket. Must be called in the tick in which the socket opened, or frames are lost. */
  attachMedia(transport: MediaTransport): void {
    if (this.#ended) {
      transport.close()
      return
    }
    this.#limits.mediaConnected()
    this.#media.attach(transport)
  }

  /** The agent says this now, in its own voice. */
  say(text: string): void {
    this.#engine.say(text)
  }

  /** Tells only the agent's model. */
  whisper(text: string): void {
    this.#engine.whisper(text)
  }

  /** The agent says this, and the call ends once it has been heard, or after `deadlineMs`. */
  sayGoodbye(text: string, end: GoodbyeEnd): void {
    if (!this.#ended) this.#conduct.sayGoodbye(text, end)
  }

  /** The agent may call these besides. */
  learnTools(tools: readonly Tool[]): void {
    if (this.#ended) return
    this.#options.tools.add(tools)
    this.#engine.setTools(this.#options.tools.specs)
  }

  /** Ends the call once what the agent is saying has been heard. */
  endAfterGoodbye(reason: EndReason, end: Omit<GoodbyeEnd, 'reason'> = {}): void {
    if (!this.#ended) this.#conduct.goodbye.begin(reason, end.detail ?? null, end.deadlineMs)
  }

  /**
   * While the caller is being handed over, the carrier may take the stream away: that is not the call's end.
   * `streamComes`: it is back without being asked for it.
   */
  handOver(handingOver: boolean, { streamComes = false } = {}): void {
    if (this.#ended || !this.#streaming) return
    this.#handingOver = handingOver
    if (handingOver) this.#media.yield()
    else this.#media.regain({ comes: streamComes })
    if (!handingOver && this.#engineGone) this.#conduct.engineLost()
  }

  /** The carrier takes the stream away for something else, and brings another within this time. */
  replaceStream(withinMs: number): void {
    this.#media.expectAnother(withinMs)
  }

  /** The only way out. The first reason wins; every caller gets the same promise, which never rejects. */
  end(reason: EndReason, detail: string | null = null): Promise<void> {
    if (!this.#ended) {
      const released = Promise.withResolvers<void>()
      this.#ended = released.promise
      void this.#release(reason, detail).then(released.resolve)
    }
    return this.#ended
  }

  /** Each step is bounded and caught by itself: none can keep another from being taken. */
  async #release(reason: EndReason, detail: string | null): Promise<void> {
    this.#phase = 'closing'
    const endedAt = this.#clock.now()
    const { hangUp, log } = this.#options
    const hungUp = OURS_TO_HANG_UP.has(reason) ? hangUpWithin(hangUp, this.#clock, log) : null
    const steps: (() => void)[] = [
      () => this.#limits.close(),
      () => this.#floor.close(),
      () => this.#conduct.close(reason),
      () => this.#abort.abort(),
      () => this.#tapFeed.end(endedAt),
      () => this.#reporter.ended({ reason, detail }, endedAt, (replyId) => this.#outbound.heardMs(replyId)),
      () => this.#engine.close(),
      () => this.#engine.removeAllListeners(),
      () => this.#inbound.close(),
      () => this.#outbound.close(),
      () => this.#media.close()
    ]
    for (const step of steps) this.#attempt(step)
    await hungUp
    this.#phase = 'closed'
    this.emit('closed')
  }

  #listenToEngine(): void {
    const engine: EventEmitter = this.#engine
    const on = <E extends keyof AgentEngineEvents>(
      event: E,
      handler: (...args: AgentEngineEvents[E]) => void
    ): void => {
      engine.on(event, this.#guard(handler))
    }
    on('callerSpeechStarted', ({ utteranceId }) => this.#onCallerSpeech(utteranceId))
    on('callerSpeechStopped', ({ utteranceId }) => this.#onCallerStopped(utteranceId))
    on('callerTranscript', ({ utteranceId, text }) => this.#onCallerText(utteranceId, text))
    on('audio', ({ replyId, payload }) => this.#onAgentAudio(replyId, payload))
    on('agentTranscript', ({ replyId, delta }) => this.#onAgentText(replyId, delta))
    on('replyDone', ({ replyId }) => this.#onReplyDone(replyId))
    on('toolCall', (call) => void this.#conduct.toolCalls.run(call))
    on('misheard', () => this.#floor.callerMisheard())
    on('usage', (records) => this.#reporter.publish({ type: 'usage', records }))
    on('trouble', ({ code }) => this.#reporter.publish({ type: 'engine.trouble', code }))
    on('failed', (error) => this.#onEngineFailed(error))
  }

  #onEngineReady(): void {
    const phase = nextPhase(this.#phase, 'engineReady')
    if (!phase) return
    this.#phase = phase
    this.#connectMs = Math.round(this.#clock.now() - this.#reporter.answeredAt)
    this.#announceReady()
    this.#engine.greet()
    this.#inbound.ready()
  }

  #onEngineFailed(error: unknown): void {
    if (this.#ended) return
    const { code, retryable, detail } =
      error instanceof CallError
        ? error
        : new CallError('ENGINE_CONNECT', 'The engine failed', { cause: error })
    this.#reporter.publish({ type: 'engine.failed', code, retryable, detail })
    if (this.#handingOver) this.#engineGone = true
    else if (this.#phase === 'live') this.#conduct.engineLost()
    else void this.end('engine_failed')
  }

  #onStreamStarted(transport: MediaTransport, start: StreamStart, again: boolean): void {
    this.#inbound.start(start.inboundFormat)
    if (again) return
    this.#streaming = true
    this.#conduct.courtesy.start()
    this.#reporter.streamConnected(start, transport)
    this.#announceReady()
    this.#outbound.attach(transport)
  }

  #announceReady(): void {
    if (this.#phase === 'live' && this.#streaming) this.#reporter.sessionReady(this.#engine, this.#connectMs)
  }

  #onCallerAudio(payload: Uint8Array): void {
    this.frames.in += 1
    if (this.frames.in === 1) this.#reporter.firstAudio('audio.first_from_caller')
    const now = this.#clock.now()
    const ms = this.#inbound.push(payload, now)
    this.#outbound.inboundAdvanced(this.#inbound.takeSpan(ms), now)
    if (this.frames.in % LATENCY_SAMPLE === 0)
      this.#options.onAddedLatency('inbound', this.#clock.now() - (this.#media.transport?.receivedAt ?? now))
    const { format } = this.#inbound
    if (!format) return
    this.#floor.callerFrame(payload, format, this.#outbound.mediaClock.recordedMs - ms)
    this.#tapFeed.callerFrame(payload, format, ms)
  }

  #toEngine(payload: Uint8Array): void {
    this.#engine.sendAudio(payload)
    if (!this.#toldEngine) this.#reporter.firstAudio('audio.first_to_engine')
    this.#toldEngine = true
  }

  #onAgentAudio(replyId: string, payload: Uint8Array): void {
    const receivedAt = this.#clock.now()
    this.#floor.agentStarts()
    if (!this.#outbound.play(replyId, payload)) return this.muting.notPlayed(replyId)
    this.frames.out += 1
    if (this.#media.connected) this.#options.onAddedLatency('outbound', this.#clock.now() - receivedAt)
    this.#conduct.agentSounds()
    this.#reporter.replyAudio(replyId, durationMs(this.#engine.outputFormat, payload.byteLength))
  }

  #onReplyDone(replyId: string): void {
    this.#outbound.replyDone(replyId)
    this.#conduct.courtesy.agentSaid(replyId)
    this.#conduct.goodbye.endIfHeard()
  }

  #onMark(name: string): void {
    const mark = this.#outbound.markReturned(name)
    if (mark?.kind === 'start') this.#reporter.replyHeard(mark.replyId)
    if (mark?.kind === 'end') this.#onHeardWhole(mark)
  }

  #onHeardWhole({ replyId, resumedFromMs }: { replyId: string; resumedFromMs: number | null }): void {
    if (resumedFromMs !== null) this.#floor.resumedHeard(replyId, resumedFromMs)
    this.#reporter.replyHeardWhole(replyId, this.#conduct.moreToCome)
    this.#conduct.courtesy.agentHeard()
    this.#conduct.goodbye.endIfHeard()
  }

  #onCallerSpeech(utteranceId: string): void {
    if (!this.#conduct.heeds(utteranceId)) return
    this.#inbound.callerSpeaking(true)
    this.#floor.callerStarted(utteranceId)
    this.#conduct.goodbye.endIfHeard()
  }

  #onCallerText(utteranceId: string, text: string): void {
    this.#floor.callerText(utteranceId, text)
    this.#conduct.callerSaid(text)
  }

  #onAgentText(replyId: string, delta: string): void {
    this.#reporter.replyText(replyId, delta)
    this.#conduct.courtesy.agentSays(replyId, delta)
  }

  #onCallerStopped(utteranceId: string): void {
    if (this.#conduct.leftUnheeded(utteranceId)) return
    this.#inbound.callerSpeaking(false)
    this.#conduct.courtesy.callerStopped()
    this.#floor.callerStopped(utteranceId, this.#inbound.lastSpeechAt)
  }

  /** A key is as good as speech: it takes the floor. */
  #onDigit(digit: string): void {
    if (this.#conduct.goodbyeProtected) return
    this.#conduct.callerPressed()
    this.#floor.stopAgent()
    this.#reporter.callerPressed(digit)
    this.#engine.sendDigit(digit)
  }

  /** A fault in a handler ends this call alone. */
  #guard<A extends unknown[]>(handler: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        handler(...args)
      } catch (error) {
        this.#options.log.error({ event: 'call.fault', err: error }, 'A handler of the call failed')
        void this.end('internal')
      }
    }
  }

  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#options.log.error({ event: 'call.release_failed', err: error }, 'A step of the release failed')
    }
  }
}
