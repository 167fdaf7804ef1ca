import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import type { EchoComparison } from '../audio/echo-likeness.ts'
import { durationMs } from '../audio/format.ts'
import { AudioTaps } from './audio-taps.ts'
import { CallLimits } from './call-limits.ts'
import { type CallPhase, nextPhase } from './call-phase.ts'
import { CallReporter } from './call-reporter.ts'
import type { AgentEngine, AgentEngineEvents, ToolCall } from './contracts/agent-engine.ts'
import type { AgentProfile } from './contracts/agent-profile.ts'
import type { CallEvents, CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { MediaTransport, StreamStart } from './contracts/media-transport.ts'
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

/** Longest wait for a goodbye to be made and heard, beyond the audio already on its way to the caller. */
const GOODBYE_MS = 10_000
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
  /** The agent was told to speak on, and has not begun. */
  #awaitingReply = false
  /** The call ends for this reason once the goodbye has been heard. */
  #goodbye: { readonly reason: EndReason; readonly detail: string | null } | null = null
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
    const { outbound, reporter } = { outbound: this.#outbound, reporter: this.#reporter }
    this.#floor = new Floor({
      policy: options.profile.interruption,
      language: options.profile.language,
      engine,
      outbound,
      reporter,
      echoGuard,
      clock,
      onCallerSpeaks: () => this.#giveUpGoodbye()
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
      onMark: (name) => this.#onMark(name),
      onDigit: (digit) => this.#onDigit(digit),
      onLost: () => outbound.detach(),
      onOver: (reason) => void this.end(reason)
    })
    this.#limits = new CallLimits({
      clock,
      mediaDeadlineMs: options.mediaDeadlineMs,
      maxCallMs: options.maxCallMs,
      onMediaDeadline: () => void this.end('connect_timeout'),
      onMaxLength: () => void this.end('max_length'),
      onHeartbeat: () => this.#reporter.publish({ type: 'call.heartbeat' })
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
  sayGoodbye(text: string, end: { reason: EndReason; detail: string | null; deadlineMs: number }): void {
    this.#awaitingReply = true
    this.#engine.say(text)
    this.endAfterGoodbye(end.reason, end)
  }

  /** Ends the call once what the agent is saying has been heard. */
  endAfterGoodbye(reason: EndReason, { detail = null as string | null, deadlineMs = GOODBYE_MS } = {}): void {
    if (this.#ended || this.#goodbye) return
    this.#goodbye = { reason, detail }
    this.#limits.set(this.#outbound.remainingMs + deadlineMs, () => void this.end(reason, detail))
    this.#endIfGoodbyeHeard()
  }

  /**
   * While the caller is being handed over, the carrier may take the stream away: that is not the call's end.
   * `streamComes`: it is back without being asked for it.
   */
  handOver(handingOver: boolean, { streamComes = false } = {}): void {
    if (this.#ended || !this.#streaming) return
    if (handingOver) this.#media.yield()
    else this.#media.regain({ comes: streamComes })
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
      () => this.#abort.abort(),
      () => this.#tapFeed.end(endedAt),
      () => this.#reporter.ended({ reason, detail }, endedAt, (replyId) => this.#outbound.heardMs(replyId)),
      () => this.#engine.close(),
      () => this.#engine.removeAllListeners(),
      () => this.#inbound.close(),
      () => this.#outbound.interrupt(),
      () => this.#media.close()
    ]
    for (const step of steps) this.#attempt(step)
    await hungUp
    this.#phase = 'closed'
    this.emit('closed')
  }

  #listenToEngine(): void {
    const reporter = this.#reporter
    const engine: EventEmitter = this.#engine
    const on = <E extends keyof AgentEngineEvents>(
      event: E,
      handler: (...args: AgentEngineEvents[E]) => void
    ): void => {
      engine.on(event, this.#guard(handler))
    }
    on('callerSpeechStarted', ({ utteranceId }) => this.#onCallerSpeech(utteranceId))
    on('callerSpeechStopped', ({ utteranceId }) => this.#onCallerStopped(utteranceId))
    on('callerTranscript', ({ utteranceId, text }) => this.#floor.callerText(utteranceId, text))
    on('audio', ({ replyId, payload }) => this.#onAgentAudio(replyId, payload))
    on('agentTranscript', ({ replyId, delta }) => reporter.replyText(replyId, delta))
    on('replyDone', ({ replyId }) => this.#onReplyDone(replyId))
    on('toolCall', (call) => void this.#onToolCall(call))
    on('usage', (records) => reporter.publish({ type: 'usage', records }))
    on('trouble', ({ code }) => reporter.publish({ type: 'engine.trouble', code }))
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
    void this.end('engine_failed')
  }

  #onStreamStarted(transport: MediaTransport, start: StreamStart, again: boolean): void {
    this.#inbound.start(start.inboundFormat)
    if (again) return
    this.#streaming = true
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
    this.#outbound.inboundAdvanced(ms, now)
    if (this.frames.in % LATENCY_SAMPLE === 0) {
      this.#options.onAddedLatency('inbound', this.#clock.now() - (this.#media.transport?.receivedAt ?? now))
    }
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
    this.#awaitingReply = false
    this.#reporter.replyAudio(replyId, durationMs(this.#engine.outputFormat, payload.byteLength))
  }

  #onReplyDone(replyId: string): void {
    this.#outbound.replyDone(replyId)
    this.#endIfGoodbyeHeard()
  }

  #onMark(name: string): void {
    const mark = this.#outbound.markReturned(name)
    if (mark?.kind === 'start') this.#reporter.replyHeard(mark.replyId)
    if (mark?.kind !== 'end') return
    const { replyId, resumedFromMs } = mark
    if (resumedFromMs !== null) this.#floor.resumedHeard(replyId, resumedFromMs)
    this.#reporter.replyHeardWhole(replyId, this.#awaitingReply)
    this.#endIfGoodbyeHeard()
  }

  #onCallerSpeech(utteranceId: string): void {
    if (this.#goodbye && this.#options.profile.protectGoodbye) return
    this.#inbound.callerSpeaking(true)
    this.#floor.callerStarted(utteranceId)
  }

  #giveUpGoodbye(): void {
    if (!this.#goodbye) return
    this.#goodbye = null
    this.#limits.clear()
  }

  #onCallerStopped(utteranceId: string): void {
    this.#inbound.callerSpeaking(false)
    this.#floor.callerStopped(utteranceId, this.#inbound.lastSpeechAt)
  }

  /** A key is as good as speech: it takes the floor. */
  #onDigit(digit: string): void {
    if (this.#goodbye && this.#options.profile.protectGoodbye) return
    this.#giveUpGoodbye()
    this.#floor.stopAgent()
    this.#reporter.callerPressed(digit)
    this.#engine.sendDigit(digit)
  }

  async #onToolCall(call: ToolCall): Promise<void> {
    if (call.name === 'end_call') {
      this.#awaitingReply = !call.spoken
      this.#engine.returnToolResult(call.id, 'The call ends after your goodbye.', { reply: !call.spoken })
      this.#reporter.publish({ type: 'tool.called', tool: call.name, durationMs: 0, ok: true, code: null })
      this.endAfterGoodbye('agent_hung_up')
      return
    }
    const outcome = await this.#options.tools.run(call, this.call.callId, this.#abort.signal)
    if (this.#ended) return
    const { ok, code } = outcome
    this.#reporter.publish({ type: 'tool.called', tool: call.name, durationMs: outcome.durationMs, ok, code })
    this.#awaitingReply = true
    this.#engine.returnToolResult(call.id, outcome.output, { reply: true })
  }

  #endIfGoodbyeHeard(): void {
    const { reason, detail } = this.#goodbye ?? {}
    if (reason && !this.#awaitingReply && this.#outbound.heardAll) void this.end(reason, detail)
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
