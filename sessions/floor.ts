import type { CallReporter } from './call-reporter.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { InterruptionPolicy } from './contracts/agent-profile.ts'
import type { Clock } from './contracts/clock.ts'
import type { CutReply, OutboundAudio } from './outbound-audio.ts'
import { type TurnDecision, TurnTaking } from './turn-taking.ts'

/** Speech without words for this long after its end was nothing. */
const NO_WORDS_MS = 1500
/** The longest that an answer to short speech waits for the words of that speech. */
const ANSWER_WAIT_MS = 700

export interface FloorOptions {
  readonly policy: InterruptionPolicy
  /** Of the agent, BCP 47. */
  readonly language: string
  readonly engine: AgentEngine
  readonly outbound: OutboundAudio
  readonly reporter: CallReporter
  readonly clock: Clock
}

/** Gives the floor to the caller and back to the agent, as turn-taking decides: the one place that acts on it. */
export class Floor {
  readonly #options: FloorOptions
  readonly #turnTaking: TurnTaking
  #cut: readonly CutReply[] = []
  #cutAt = 0
  readonly #timers = new Map<'minimum' | 'words' | 'answer', () => void>()

  constructor(options: FloorOptions) {
    this.#options = options
    this.#turnTaking = new TurnTaking(options.policy, options.language)
  }

  callerStarted(utteranceId: string): void {
    const { clock, outbound, policy } = this.#options
    this.#cancel('words')
    const decision = this.#turnTaking.speechStarted(utteranceId, outbound.audible, clock.now())
    if (decision === 'wait' && policy.minSpeechMs > 0) {
      this.#after('minimum', policy.minSpeechMs, () => {
        this.#act(this.#turnTaking.minimumReached(utteranceId), utteranceId)
      })
    }
    this.#act(decision, utteranceId)
  }

  callerStopped(utteranceId: string): void {
    this.#turnTaking.speechStopped(utteranceId, this.#options.clock.now())
    if (this.#turnTaking.unsettled !== utteranceId) return
    this.#after('words', NO_WORDS_MS, () => this.#act(this.#turnTaking.nothingCame(utteranceId), utteranceId))
  }

  callerText(utteranceId: string, text: string): void {
    const unsettled = this.#turnTaking.unsettled === utteranceId
    this.#act(this.#turnTaking.words(utteranceId, text), utteranceId)
    if (unsettled) this.#settled()
  }

  /** The caller pressed a key: there is no doubt that they want the floor. */
  callerPressed(): void {
    this.#turnTaking.settle()
    this.#settled()
    if (this.#options.outbound.audible) this.#interrupt()
  }

  /** The engine begins a reply: it takes the floor, or waits until it is known whether there is anything to answer. */
  agentStarts(): void {
    if (this.#turnTaking.unsettled === null || this.#timers.has('answer')) return
    if (!this.#turnTaking.answerWaits()) {
      this.#turnTaking.settle()
      this.#settled()
      return
    }
    this.#options.outbound.wait()
    this.#after('answer', ANSWER_WAIT_MS, () => {
      this.#turnTaking.settle()
      this.#settled()
    })
  }

  close(): void {
    for (const timer of this.#timers.values()) timer()
    this.#timers.clear()
  }

  #act(decision: TurnDecision, utteranceId: string): void {
    if (decision === 'interrupt') this.#interrupt()
    if (decision === 'keep') this.#options.engine.dismiss(utteranceId)
    if (decision === 'resume') this.#resume(utteranceId)
  }

  /** Freezes the truth, silences the caller's ear, then makes the engine forget: in this order. */
  #interrupt(): void {
    const { clock, engine, outbound, reporter } = this.#options
    const at = clock.now()
    const cut = outbound.interrupt()
    const clearMs = clock.now() - at
    engine.interrupt(cut.filter(({ resumedFromMs }) => resumedFromMs === null))
    for (const reply of cut) this.#remember(reply.replyId, reply.resumedFromMs, reply.heardMs)
    reporter.interrupted(cut, at, clearMs)
    this.#cut = cut
    this.#cutAt = at
  }

  #resume(utteranceId: string): void {
    const { clock, engine, outbound, reporter } = this.#options
    engine.dismiss(utteranceId)
    const cut = this.#cut
    this.#cut = []
    reporter.replyDropped(outbound.dropWaiting())
    reporter.resumed(cut, clock.now() - this.#cutAt)
    for (const reply of cut) outbound.resume(reply, reporter.resumePoint(reply))
  }

  /** A reply that was played again has been heard to its end. */
  resumedHeard(replyId: string, resumedFromMs: number): void {
    this.#remember(replyId, resumedFromMs, null)
  }

  #remember(replyId: string, fromMs: number | null, toMs: number | null): void {
    if (fromMs === null) return
    const words = this.#options.reporter.wordsBetween(replyId, fromMs, toMs)
    if (words !== '') this.#options.engine.remember(words)
  }

  #settled(): void {
    this.#cancel('answer')
    this.#cancel('words')
    this.#options.outbound.release()
  }

  #after(name: 'minimum' | 'words' | 'answer', delayMs: number, task: () => void): void {
    this.#cancel(name)
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(name)
      task()
    })
    this.#timers.set(name, cancel)
  }

  #cancel(name: 'minimum' | 'words' | 'answer'): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }
}
