import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { EchoComparison } from '../audio/echo-likeness.ts'
import type { AudioFormat } from '../audio/format.ts'
import type { CallRegistry, HeldCall } from './call-registry.ts'
import { CallSession } from './call-session.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from './contracts/agent-profile.ts'
import type { CallEvents, CallIdentity, EndReason } from './contracts/call-events.ts'
import type { CallTape, TapeHeader } from './contracts/call-tape.ts'
import type { Carrier, DialledCall, ReplyCarrier, StreamAddress } from './contracts/carrier.ts'
import type { Clock } from './contracts/clock.ts'
import type { AgentTools } from './contracts/tool.ts'
import { type EarlyMedia, handEarlyMedia } from './early-media.ts'
import { warmUpEchoGuard } from './echo-guard.ts'
import { CallError } from './errors.ts'
import { hangUpWithin } from './hang-up.ts'
import { ToolRunner } from './tool-runner.ts'

/** The carrier answers, opens its stream and connects within seconds; a token lives 60 s. */
const MEDIA_DEADLINE_MS = 20_000
/** A call that was told to be answered and never was frees its place after this. */
const ANSWER_DEADLINE_MS = 30_000
/** Carriers let it ring for a minute, and then say so; this is for when they don't. */
const RING_DEADLINE_MS = 90_000

/** An incoming call, as its carrier tells of it. */
export interface Ring {
  readonly carrierCallId: string
  readonly from: string | null
  readonly to: string | null
}

/** Asks the carrier to call somebody; `mintStream` makes the address and the token of the call's media socket. */
export type Dial = (call: CallIdentity, mintStream: () => StreamAddress) => Promise<DialledCall>

export interface CallControlOptions {
  readonly registry: CallRegistry
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  readonly maxCallMs: number
  /** How long a frame took through this process, in ms; told for some of them. */
  readonly onAddedLatency: (direction: 'inbound' | 'outbound', ms: number) => void
  /** Who answers this number; the default agent where nobody is assigned. Never rejects. */
  readonly agentForNumber: (number: string | null) => Promise<AgentProfile>
  readonly createEngine: (
    profile: AgentProfile,
    format: AudioFormat,
    tools: readonly ToolSpec[],
    tape: CallTape | null
  ) => AgentEngine
  /** Starts the tape of a call; null where none are recorded. */
  readonly openTape: ((header: Omit<TapeHeader, 'version'>) => CallTape) | null
  readonly createTools: (profile: AgentProfile) => AgentTools
  /** A single-use token for this call's media socket, and the address it is for. */
  readonly mintStream: (call: CallIdentity) => StreamAddress
}

/**
 * The control leg of every call, whoever the carrier is: what a webhook sets off. Webhooks come twice, late and out of
 * order; a call only moves forward, so what does not fit its state any more is ignored.
 */
export class CallControl {
  readonly #options: CallControlOptions
  readonly #echoComparison = new EchoComparison()
  readonly #cancelAnswerDeadline = new Map<string, () => void>()
  /** By our id: calls whose dial the carrier has not replied to yet. */
  readonly #dialling = new Map<string, (carrierCallId: string) => void>()
  /** By our id: streams of dialled calls that nobody has answered yet. */
  readonly #earlyMedia = new Map<string, EarlyMedia>()

  constructor(options: CallControlOptions) {
    this.#options = options
    warmUpEchoGuard(this.#echoComparison)
  }

  /** An incoming call rings: admits and answers it, or declines it as busy. */
  async ringing(carrier: Carrier, ring: Ring, onInitiated?: (call: CallIdentity) => void): Promise<void> {
    const admission = await this.#admit(carrier, ring, onInitiated)
    if (!admission) return
    const { call, held } = admission
    if (!held) {
      await carrier.refuse(ring.carrierCallId).catch((error) => this.#logRefused(call, 'reject', error))
      return
    }
    // Its hangup may have come before its ring.
    if (this.#options.registry.find(call.callId) !== held) return
    try {
      await this.#unlessOver(held, carrier.answer(ring.carrierCallId))
    } catch (error) {
      this.#logRefused(call, 'answer', error)
      this.#giveUp(held, 'carrier_failed')
    }
  }

  /**
   * The same for a carrier that is told in the reply to its webhook. Resolves with the stream to connect the call to,
   * which counts as answered from then on; with null where it is to be declined as busy.
   */
  async answerByReply(
    carrier: ReplyCarrier,
    ring: Ring,
    onInitiated?: (call: CallIdentity) => void
  ): Promise<StreamAddress | null> {
    const admission = await this.#admit(carrier, ring, onInitiated)
    const held = admission ? admission.held : this.#options.registry.find(ring.carrierCallId)
    if (!held) return null
    if (!held.session) this.#open(held, carrier)
    return this.newStream(held)
  }

  /** Where the carrier is to bring the media stream of an answered call that is told so by other means than ours. */
  newStream({ call }: HeldCall): StreamAddress {
    const stream = this.#options.mintStream(call)
    this.#options.events.publish(call, { type: 'stream.requested', streamUrl: stream.url, parameters: {} })
    return stream
  }

  /** The leg is up: opens the engine, and asks for the media stream beside it. */
  async answered(carrier: Carrier, carrierCallId: string): Promise<void> {
    const held = this.#options.registry.find(carrierCallId)
    if (!held || held.session) return
    const early = this.#earlyMedia.get(held.call.callId)
    this.#earlyMedia.delete(held.call.callId)
    const session = this.#open(held, carrier)
    try {
      // A dial asks for the stream; one that came and went is asked for again.
      const streaming = early ? handEarlyMedia(early, session) : held.call.direction === 'outbound'
      if (streaming) await carrier.dialAnswered(carrierCallId)
      else await this.#requestStream(held, carrier)
    } catch (error) {
      this.#logRefused(held.call, 'streaming_start', error)
      await session.end('carrier_failed')
    }
  }

  /**
   * Calls somebody: `dial` asks the carrier to. The call is held from here on, and told of once it has the carrier's
   * id, or is refused. Rejects with the carrier's CallError, or with INVALID_STATE where no more calls are taken.
   */
  async place(
    carrier: ReplyCarrier,
    request: { from: string; to: string; profile: AgentProfile },
    dial: Dial
  ): Promise<CallIdentity> {
    this.#requireRoom()
    const { from, to, profile } = request
    const callId = randomUUID()
    const call: CallIdentity = {
      callId,
      carrier: carrier.name,
      carrierCallId: callId,
      direction: 'outbound',
      from,
      to,
      agentId: profile.id
    }
    const held = this.#hold(call, profile, carrier.streamFormat, carrier)
    this.#expectAnswer(held, RING_DEADLINE_MS)
    try {
      const stream = await this.#dial(held, carrier, dial)
      if (stream) this.#options.events.publish(held.call, { type: 'stream.requested', ...stream })
    } catch (error) {
      this.#logRefused(call, 'dial', error)
      this.#options.events.publish(call, { type: 'call.initiated' })
      this.#giveUp(held, 'carrier_failed', error instanceof CallError ? error.detail : null)
      throw error
    }
    return held.call
  }

  /** A webhook of a call that is being dialled has overtaken the reply to the dial. */
  dialled(callId: string, carrierCallId: string): void {
    this.#dialling.get(callId)?.(carrierCallId)
  }

  /** The carrier's media stream of a held call that nobody has answered yet. */
  holdMedia({ call }: HeldCall, early: EarlyMedia): void {
    this.#earlyMedia.get(call.callId)?.close()
    this.#earlyMedia.set(call.callId, early)
  }

  /** The carrier says that the leg is over; `unanswered` is why, where it was never answered, and `detail` why that. */
  hungUp(
    carrierCallId: string,
    unanswered: EndReason = 'caller_hung_up',
    detail: string | null = null
  ): void {
    const held = this.#options.registry.find(carrierCallId)
    if (!held) return
    if (held.session) void held.session.end('caller_hung_up')
    else this.#giveUp(held, unanswered, detail)
  }

  /** The carrier could not open the media stream. */
  streamFailed(carrierCallId: string): void {
    void this.#options.registry.find(carrierCallId)?.session?.end('carrier_failed')
  }

  /** A call with no carrier behind it, already answered: its media socket is the caller's own. */
  openTestCall(request: { profile: AgentProfile; format: AudioFormat }): CallIdentity {
    this.#requireRoom()
    const callId = randomUUID()
    const call: CallIdentity = {
      callId,
      carrier: 'test',
      carrierCallId: callId,
      direction: 'inbound',
      from: null,
      to: null,
      agentId: request.profile.id
    }
    this.#options.events.publish(call, { type: 'call.initiated' })
    this.#open(this.#hold(call, request.profile, request.format, null), null)
    return call
  }

  /** Takes a new call in, or refuses it: then nothing is held. null where it is known already. */
  async #admit(
    carrier: ReplyCarrier,
    ring: Ring,
    onInitiated: (call: CallIdentity) => void = () => {}
  ): Promise<{ call: CallIdentity; held: HeldCall | null } | null> {
    const { events, registry } = this.#options
    if (registry.find(ring.carrierCallId)) return null
    const profile = await this.#options.agentForNumber(ring.to)
    if (registry.find(ring.carrierCallId)) return null
    const call: CallIdentity = {
      callId: randomUUID(),
      carrier: carrier.name,
      direction: 'inbound',
      agentId: profile.id,
      ...ring
    }
    const refusal = registry.refusal()
    events.publish(call, { type: 'call.initiated' })
    if (refusal) {
      onInitiated(call)
      this.#publishUnanswered(call, refusal)
      return { call, held: null }
    }
    const held = this.#hold(call, profile, carrier.streamFormat, carrier)
    this.#expectAnswer(held, ANSWER_DEADLINE_MS)
    onInitiated(call)
    return { call, held }
  }

  /** Resolves with the stream that was asked for with the dial, once the carrier has taken it. */
  async #dial(held: HeldCall, carrier: ReplyCarrier, dial: Dial): Promise<DialledCall['stream']> {
    const { call } = held
    const identify = (carrierCallId: string): void => {
      if (!this.#dialling.delete(call.callId)) return
      this.#options.registry.identify(held, carrierCallId)
      this.#options.events.publish(held.call, { type: 'call.initiated' })
    }
    this.#dialling.set(call.callId, identify)
    try {
      const { carrierCallId, stream } = await dial(call, () => this.#options.mintStream(call))
      identify(carrierCallId)
      if (this.#options.registry.find(call.callId)) return stream
      // Given up while it was being dialled: nobody is here to speak with whoever answers.
      await carrier.hangUp(carrierCallId)
      return null
    } catch (error) {
      // The reply was lost, the call was not; or its end has been told of already.
      if (!this.#dialling.delete(call.callId)) return null
      throw error
    }
  }

  #requireRoom(): void {
    const refusal = this.#options.registry.refusal()
    if (!refusal) return
    const detail = { detail: refusal, retryable: true }
    throw new CallError('INVALID_STATE', 'No more calls are taken now', detail)
  }

  #hold(
    call: CallIdentity,
    profile: AgentProfile,
    streamFormat: AudioFormat,
    carrier: ReplyCarrier | null
  ): HeldCall {
    const held: HeldCall = {
      call,
      profile,
      streamFormat,
      tape: null,
      session: null,
      answeredAt: null,
      giveUp: (reason) => this.#abandon(held, carrier, reason)
    }
    this.#options.registry.hold(held)
    return held
  }

  #expectAnswer(held: HeldCall, deadlineMs: number): void {
    const cancel = this.#options.clock.after(deadlineMs, () => void held.giveUp('carrier_failed'))
    this.#cancelAnswerDeadline.set(held.call.callId, cancel)
  }

  async #requestStream(held: HeldCall, carrier: ReplyCarrier): Promise<void> {
    const { events, mintStream } = this.#options
    const asked = carrier.startStream(held.call.carrierCallId, mintStream(held.call))
    const request = await this.#unlessOver(held, asked)
    // The call may have ended meanwhile, and its end is the last that is told of it.
    const live = held.session?.phase === 'connecting' || held.session?.phase === 'live'
    if (live && request) events.publish(held.call, { type: 'stream.requested', ...request })
  }

  /** null: by the carrier the call is over. Whoever was on it has hung up, and the webhook of that is on its way. */
  #unlessOver<T>({ call }: HeldCall, asked: Promise<T>): Promise<T | null> {
    return asked.catch((error: unknown) => {
      if (!(error instanceof CallError) || error.code !== 'CALL_OVER') throw error
      this.hungUp(call.carrierCallId)
      return null
    })
  }

  #open(held: HeldCall, carrier: ReplyCarrier | null): CallSession {
    const { call, profile, streamFormat } = held
    const { events, log, registry } = this.#options
    this.#cancelAnswerDeadline.get(call.callId)?.()
    this.#cancelAnswerDeadline.delete(call.callId)
    const maxCallMs =
      profile.maxCallSeconds === null ? this.#options.maxCallMs : profile.maxCallSeconds * 1000
    const limits = { maxCallMs, mediaDeadlineMs: MEDIA_DEADLINE_MS }
    const tape = this.#options.openTape?.({ call, profile, streamFormat, ...limits }) ?? null
    held.tape = tape
    const clock = tape?.clock ?? this.#options.clock
    const made = this.#options.createTools(profile)
    const tools = new ToolRunner({ tools: tape ? tape.tools(made.tools) : made.tools, clock })
    const engine = this.#options.createEngine(profile, streamFormat, tools.specs, tape)
    const session = new CallSession({
      call,
      profile,
      engine,
      tools,
      events,
      clock,
      // By the clock of a tape, handling takes no time.
      onAddedLatency: tape ? () => {} : this.#options.onAddedLatency,
      echoComparison: this.#echoComparison,
      hangUp: async () => carrier?.hangUp(call.carrierCallId),
      reconnect: carrier && (() => this.#requestStream(held, carrier)),
      log: callLog(log, call),
      ...limits
    })
    held.session = tape ? tape.commands(session) : session
    held.answeredAt = clock.now()
    session.once('closed', () => registry.forget(held))
    void made.later?.then((late) => held.session?.learnTools(tape ? tape.tools(late) : late))
    events.publish(call, { type: 'call.answered' })
    session.start()
    return session
  }

  /**
   * Gives up a call that nobody has answered, and has the carrier end its leg: it was told to answer or to dial, and may
   * do so yet. Resolves when the carrier has taken that, or has had its time. Never rejects.
   */
  async #abandon(held: HeldCall, carrier: ReplyCarrier | null, reason: EndReason): Promise<void> {
    const { clock, events, log } = this.#options
    // The carrier has not named it yet: the reply to the dial finds it gone, and hangs up.
    const unnamed = this.#dialling.delete(held.call.callId)
    if (unnamed) events.publish(held.call, { type: 'call.initiated' })
    this.#giveUp(held, reason)
    if (unnamed || !carrier) return
    await hangUpWithin(() => carrier.hangUp(held.call.carrierCallId), clock, callLog(log, held.call))
  }

  #giveUp(held: HeldCall, reason: EndReason, detail: string | null = null): void {
    const { registry } = this.#options
    if (held.session || registry.find(held.call.callId) !== held) return
    this.#cancelAnswerDeadline.get(held.call.callId)?.()
    this.#cancelAnswerDeadline.delete(held.call.callId)
    this.#earlyMedia.get(held.call.callId)?.close()
    this.#earlyMedia.delete(held.call.callId)
    registry.forget(held)
    this.#publishUnanswered(held.call, reason, detail)
  }

  #publishUnanswered(call: CallIdentity, reason: EndReason, detail: string | null = null): void {
    this.#options.events.publish(call, {
      type: 'call.ended',
      reason,
      detail,
      answeredAt: null,
      durationMs: 0,
      turns: 0,
      interruptions: 0,
      p50ResponseMs: null,
      p95ResponseMs: null,
      answerToGreetingMs: null,
      deadAirMs: 0
    })
  }

  /** Says which parameter the carrier refused, never its prose. */
  #logRefused(call: CallIdentity, command: string, error: unknown): void {
    const fields = error instanceof CallError ? { code: error.code, parameter: error.detail } : { err: error }
    this.#options.log.error(
      { event: 'carrier.refused', callId: call.callId, carrier: call.carrier, command, ...fields },
      'The carrier refused a request'
    )
  }
}

function callLog(log: Logger, { callId, carrier, carrierCallId }: CallIdentity): Logger {
  return log.child({ callId, carrier, carrierCallId })
}
