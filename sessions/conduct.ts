import type { CallLimits } from './call-limits.ts'
import type { CallReporter } from './call-reporter.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { AgentProfile } from './contracts/agent-profile.ts'
import type { CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import { Courtesy } from './courtesy.ts'
import { Goodbye } from './goodbye.ts'
import type { OutboundAudio } from './outbound-audio.ts'
import { ToolCalls } from './tool-calls.ts'
import type { ToolRunner } from './tool-runner.ts'

/** An agent that was told to speak on and has not begun within this has nothing to say: the silence is the call's. */
const REPLY_AWAITED_MS = 10_000

export interface ConductOptions {
  readonly call: CallIdentity
  readonly profile: AgentProfile
  readonly tools: ToolRunner
  readonly engine: AgentEngine
  readonly outbound: OutboundAudio
  readonly reporter: CallReporter
  readonly limits: CallLimits
  readonly clock: Clock
  /** Aborts when the call ends. */
  readonly signal: AbortSignal
  /** Whether caller and agent can speak with each other. */
  readonly live: () => boolean
  readonly end: (reason: EndReason, detail: string | null) => void
}

export interface GoodbyeEnd {
  readonly reason: EndReason
  readonly detail?: string | null
  /** Beyond the audio already on its way to the caller, in ms. */
  readonly deadlineMs?: number
}

/** What an agent does on the phone beside talking: its tools, its manners, and its goodbye. */
export class Conduct {
  readonly goodbye: Goodbye
  readonly courtesy: Courtesy
  readonly toolCalls: ToolCalls
  readonly #options: ConductOptions
  /** When the agent was told to speak on; null once it has begun. */
  #awaitedSince: number | null = null
  /** The utterance that began while the agent kept to its goodbye. */
  #unheeded: string | null = null

  constructor(options: ConductOptions) {
    const { clock, end, engine, limits, outbound, profile, reporter, signal } = options
    this.#options = options
    this.goodbye = new Goodbye({ limits, outbound, end, awaitingReply: () => this.#awaitingReply })
    this.courtesy = new Courtesy({
      profile,
      engine,
      clock,
      busy: () => !this.#quiet || this.toolCalls.running,
      ending: () => this.goodbye.pending,
      sayGoodbye: (text, reason) => this.sayGoodbye(text, { reason }),
      endAfterAnswer: ({ begun }) => {
        if (!begun) this.#awaitReply()
        this.goodbye.begin('agent_hung_up', null)
      }
    })
    this.toolCalls = new ToolCalls({
      call: options.call,
      runner: options.tools,
      engine,
      reporter,
      clock,
      signal,
      fillers: this.courtesy.fillers,
      unheardMs: () => outbound.remainingMs,
      quiet: () => this.#quiet && !this.courtesy.callerSpeaking,
      onReplyAwaited: () => this.#awaitReply(),
      onEndCall: () => this.goodbye.begin('agent_hung_up', null)
    })
  }

  /** Whether the agent will speak on in this turn. */
  get moreToCome(): boolean {
    return this.#awaitingReply || this.toolCalls.running
  }

  /** Whether the agent keeps to its goodbye, whatever the caller says now. */
  get goodbyeProtected(): boolean {
    return this.goodbye.pending && this.#options.profile.protectGoodbye
  }

  /** The caller begins to speak. False where the agent keeps to its goodbye. */
  heeds(utteranceId: string): boolean {
    if (this.goodbyeProtected) this.#unheeded = utteranceId
    return !this.goodbyeProtected
  }

  /** The caller has stopped. True where the agent did not heed them: an answer would come after its goodbye. */
  leftUnheeded(utteranceId: string): boolean {
    if (this.#unheeded !== utteranceId) return false
    this.#options.engine.dismiss(utteranceId)
    return true
  }

  /** Audio of the agent goes to the caller. */
  agentSounds(): void {
    this.#awaitedSince = null
    this.courtesy.agentSounds()
  }

  /** The caller speaks, and it is not the agent's echo. */
  callerSpeaks(): void {
    this.goodbye.giveUp()
    this.toolCalls.callerSpoke()
    this.courtesy.callerSpeaks()
  }

  /** What the caller said, whole, after it is known who has the floor. */
  callerSaid(text: string): void {
    if (text !== '') this.goodbye.forget()
    this.courtesy.callerSaid(text)
  }

  callerPressed(): void {
    this.goodbye.giveUp()
    this.toolCalls.callerSpoke()
    this.courtesy.callerPressed()
  }

  /** The engine says nothing more: the call ends once what it has said is heard. */
  engineLost(): void {
    this.#awaitedSince = null
    this.goodbye.giveUp()
    this.goodbye.begin('engine_failed', null)
  }

  /** The agent says this, and the call ends once it has been heard. */
  sayGoodbye(text: string, { reason, detail = null, deadlineMs }: GoodbyeEnd): void {
    this.#awaitReply()
    this.#options.engine.say(text, { atOnce: true })
    this.goodbye.begin(reason, detail, deadlineMs)
  }

  /** The call has become nearly as long as it may. `stopAgent`: its sentence would make the call longer. */
  timeUp(stopAgent: () => void): void {
    if (!this.#options.live() || this.goodbye.pending) return
    stopAgent()
    this.courtesy.timeUp()
  }

  close(reason: EndReason): void {
    this.courtesy.close()
    this.toolCalls.close(reason)
  }

  #awaitReply(): void {
    this.#awaitedSince = this.#options.clock.now()
  }

  /** The agent was told to speak on, and is about to begin. */
  get #awaitingReply(): boolean {
    return this.#awaitedSince !== null && this.#options.clock.now() - this.#awaitedSince < REPLY_AWAITED_MS
  }

  /** Whether nobody of us makes a sound, or is about to. */
  get #quiet(): boolean {
    return (
      this.#options.live() && !this.#options.outbound.audible && !this.#awaitingReply && !this.goodbye.pending
    )
  }
}
