import type { AudioFormat } from '../audio/format.ts'
import type { CallReporter } from './call-reporter.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { InterruptionPolicy } from './contracts/agent-profile.ts'
import type { Clock } from './contracts/clock.ts'
import type { EchoGuard } from './echo-guard.ts'
import type { CutReply, OutboundAudio } from './outbound-audio.ts'
import { type TurnDecision, TurnTaking } from './turn-taking.ts'

type TimerName = 'minimum' | 'words' | 'answer' | 'echo'

/** While an echo goes on it is compared again this often. */
const ECHO_CHECK_MS = 200
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
  readonly echoGuard: EchoGuard
  readonly clock: Clock
  /** The caller speaks, and it is not the agent's echo. */
  readonly onCallerSpeaks: () => void
  /** Nothing is left to be heard of a reply that is taken up again. */
  readonly onHeardWhole: (replyId: string, resumedFromMs: number) => void
  /** What the caller said leaves the floor to the agent: nothing, or "okay". */
  readonly onCallerYields: () => void
}

/** Gives the floor to the caller and back to the agent, as turn-taking decides: the one place that acts on it. */
export class Floor {
  readonly #options: FloorOptions
  readonly #outbound: OutboundAudio
  readonly #echoGuard: EchoGuard
  readonly #turnTaking: TurnTaking
  #cut: readonly CutReply[] = []
  #cutAt = 0
  /** Utterances that were taken for nothing, since no words came in time. */
  #wordless: ReadonlySet<string> = new Set()
  /** The utterance that is taken for an echo. */
  #echo: string | null = null
  readonly #timers = new Map<TimerName, () => void>()

  constructor(options: FloorOptions) {
    this.#options = options
    this.#outbound = options.outbound
    this.#echoGuard = options.echoGuard
    this.#turnTaking = new TurnTaking(options.policy, options.language)
  }

  /** Caller audio, recorded from `atMs` on the media clock on. */
  callerFrame(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    if (!this.#outbound.heardAll) this.#echoGuard.caller(payload, format, atMs)
  }

  callerStarted(utteranceId: string): void {
    const { clock, echoGuard, outbound, reporter } = this.#options
    const at = clock.now()
    if (outbound.audible && echoGuard.suspected()) {
      this.#echo = utteranceId
      reporter.echoSuspected()
      this.#watchEcho(utteranceId)
    } else {
      this.#callerSpeaks(utteranceId, at)
    }
  }

  /** `lastSpeechAt`: when the caller was last heard speaking, from the audio itself. */
  callerStopped(utteranceId: string, lastSpeechAt: number | null): void {
    if (this.#echo === utteranceId) {
      this.#cancel('echo')
      this.#options.engine.dismiss(utteranceId)
      return
    }
    this.#options.reporter.callerStopped(utteranceId, lastSpeechAt)
    this.#turnTaking.speechStopped(utteranceId, this.#options.clock.now())
    if (!this.#turnTaking.wordless.includes(utteranceId) || this.#options.engine.transcribesAll) return
    this.#after('words', NO_WORDS_MS, () => this.#noWordsCame())
  }

  callerText(utteranceId: string, text: string): void {
    if (this.#echo === utteranceId) return
    this.#options.reporter.callerText(utteranceId, text, this.#options.engine.transcribesAll)
    const { speaking } = this.#outbound
    const takesTheFloor = this.#turnTaking.takesTheFloor(text, speaking)
    if (this.#wordless.has(utteranceId)) {
      if (takesTheFloor) this.#wordsCameLate(utteranceId, text)
      return
    }
    const open = this.#turnTaking.wordless.includes(utteranceId)
    this.#act(this.#turnTaking.words(utteranceId, text, speaking), utteranceId, true)
    if (open && this.#turnTaking.wordless.length === 0) this.#settled()
    if (open && takesTheFloor) this.#options.engine.answer(utteranceId, text)
  }

  /** Stops the agent where there is no doubt about it: the caller pressed a key, or the operator silenced it. */
  stopAgent(): void {
    this.#turnTaking.settle()
    this.#settled()
    if (this.#outbound.audible) this.#interrupt(null)
  }

  /** The words of what the caller is saying, or has said last, may never come: the floor stays where it is. */
  callerMisheard(): void {
    this.#echo = null
    this.#turnTaking.settle()
    this.#settled()
    this.#cancel('echo')
    this.#cancel('minimum')
    this.#options.reporter.callerMisheard(this.#outbound.heardAll ? null : this.#outbound.remainingMs)
  }

  /** The engine begins a reply: it takes the floor, or waits until it is known whether there is anything to answer. */
  agentStarts(): void {
    if (this.#turnTaking.undecided) this.#outbound.wait()
    if (!this.#turnTaking.unsettled || this.#timers.has('answer')) return
    if (!this.#turnTaking.answerWaits()) {
      this.#turnTaking.settle()
      this.#settled()
      return
    }
    this.#outbound.wait()
    this.#after('answer', ANSWER_WAIT_MS, () => {
      this.#turnTaking.settle()
      this.#settled()
    })
  }

  close(): void {
    for (const timer of this.#timers.values()) timer()
    this.#timers.clear()
  }

  /** `ended`: what the engine says since is the answer, and not to be taken back. */
  #act(decision: TurnDecision, utteranceId: string, ended = false): void {
    if (decision === 'interrupt') this.#interrupt(ended ? utteranceId : null)
    if (decision === 'ignore') this.#dismiss(utteranceId)
    if (decision === 'keep') this.#keep(utteranceId)
    if (decision === 'resume') this.#resume(utteranceId)
  }

  #noWordsCame(): void {
    const wordless = new Set<string>()
    for (const utteranceId of this.#turnTaking.wordless) {
      const decision = this.#turnTaking.words(utteranceId, '', this.#outbound.speaking)
      // Where the agent does not take the floor back, what it says now is the answer to it, whatever it was.
      if (decision !== 'none') wordless.add(utteranceId)
      this.#act(decision, utteranceId)
    }
    this.#wordless = wordless
    this.#settled()
  }

  /** The caller was taken for noise, and the agent has gone on: they take the floor after all. */
  #wordsCameLate(utteranceId: string, text: string): void {
    if (this.#outbound.audible) this.#interrupt(null)
    this.#options.engine.answer(utteranceId, text)
  }

  /**
   * Freezes the truth, silences the caller's ear, then makes the engine forget: in this order. `answered`: the utterance
   * that was for, where it has ended and what waits is its answer. `since`: when that was told which made it so.
   */
  #interrupt(answered: string | null, since = this.#options.clock.now()): void {
    const { clock, engine, outbound, reporter } = this.#options
    const at = clock.now()
    const cut = answered === null ? outbound.interrupt() : outbound.interruptBeforeWaiting()
    const clearMs = clock.now() - since
    const heard = cut.filter(({ resumedFromMs }) => resumedFromMs === null)
    if (answered === null) engine.interrupt(heard)
    else engine.interrupt(heard, answered)
    for (const reply of cut) this.#remember(reply.replyId, reply.resumedFromMs, reply.heardMs)
    reporter.interrupted(cut, at, clearMs)
    this.#cut = cut
    this.#cutAt = at
  }

  /** The agent was not stopped, and what the caller said wants no answer. */
  #keep(utteranceId: string): void {
    this.#dismiss(utteranceId)
    this.#options.reporter.callerYields()
    this.#options.onCallerYields()
  }

  /** What the caller said wants no answer: one that waits is dropped, and the engine forgets both. */
  #dismiss(utteranceId: string): void {
    const { engine, outbound, reporter } = this.#options
    const unheard = outbound.dropWaiting()
    if (unheard.length > 0) engine.dismiss(utteranceId, unheard)
    else engine.dismiss(utteranceId)
    reporter.replyDropped(unheard)
  }

  /** The caller goes on before it is known what they said: an answer to half of it comes too early. */
  #dropAnswer(): void {
    const { engine, outbound, reporter } = this.#options
    this.#cancel('answer')
    const unheard = outbound.dropWaiting()
    if (unheard.length === 0) return
    engine.interrupt(unheard.map((replyId) => ({ replyId, heardMs: 0, receivedMs: 0 })))
    reporter.replyDropped(unheard)
  }

  /** `at`: when that was told. */
  #callerSpeaks(utteranceId: string, at: number): void {
    const { clock, onCallerSpeaks, outbound, policy, reporter } = this.#options
    onCallerSpeaks()
    this.#cancel('words')
    if (this.#turnTaking.unsettled || this.#turnTaking.undecided) this.#dropAnswer()
    const decision = this.#turnTaking.speechStarted(utteranceId, outbound.audible, clock.now())
    if (decision === 'wait' && policy.minSpeechMs > 0) {
      this.#after('minimum', policy.minSpeechMs, () => {
        this.#act(this.#turnTaking.minimumReached(utteranceId), utteranceId)
      })
    }
    if (decision === 'interrupt') this.#interrupt(null, at)
    else this.#act(decision, utteranceId)
    reporter.callerStarted(utteranceId)
  }

  /** An echo may turn into a caller who speaks over it. */
  #watchEcho(utteranceId: string): void {
    this.#after('echo', ECHO_CHECK_MS, () => {
      if (this.#echoGuard.suspected()) {
        this.#watchEcho(utteranceId)
        return
      }
      this.#echo = null
      this.#callerSpeaks(utteranceId, this.#options.clock.now())
    })
  }

  #resume(utteranceId: string): void {
    const { clock, outbound, reporter } = this.#options
    const cut = this.#cut
    this.#cut = []
    this.#dismiss(utteranceId)
    reporter.resumed(cut, clock.now() - this.#cutAt)
    for (const reply of cut) {
      const fromMs = reporter.resumePoint(reply)
      // It was cut in a pause of the making: all that there is has been heard.
      if (!outbound.resume(reply, fromMs)) this.#options.onHeardWhole(reply.replyId, fromMs)
    }
    this.#options.onCallerYields()
  }

  /** A reply that was taken up again has been heard to its end. */
  resumedHeard(replyId: string, resumedFromMs: number): void {
    // Also where no further word began: there may be more of the reply to be made.
    this.#options.engine.remember(this.#options.reporter.wordsBetween(replyId, resumedFromMs, null), true)
  }

  #remember(replyId: string, fromMs: number | null, toMs: number): void {
    if (fromMs === null) return
    const words = this.#options.reporter.wordsBetween(replyId, fromMs, toMs)
    if (words !== '') this.#options.engine.remember(words)
  }

  #settled(): void {
    this.#cancel('answer')
    this.#cancel('words')
    this.#outbound.release()
  }

  #after(name: TimerName, delayMs: number, task: () => void): void {
    this.#cancel(name)
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(name)
      task()
    })
    this.#timers.set(name, cancel)
  }

  #cancel(name: TimerName): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }
}
