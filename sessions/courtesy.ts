import { type AgentPhrases, phrasesOf } from './agent-phrases.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { AgentProfile } from './contracts/agent-profile.ts'
import type { EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import { asksToWait } from './hold-on.ts'
import { LastWords } from './last-words.ts'
import { Patience } from './patience.ts'
import { SilenceWatch } from './silence-watch.ts'

/** An agent that means to answer a caller's goodbye has begun to by then. */
const ANSWER_MS = 2500

/** Who gets up to fetch a letter or a card is back by then. */
const HOLD_ON_MS = 60_000

export interface CourtesyOptions {
  readonly profile: AgentProfile
  readonly engine: AgentEngine
  readonly clock: Clock
  /** Whether there is a reason for silence, or none at all. */
  readonly busy: () => boolean
  /** The agent says this, and the call ends once it has been heard. */
  readonly sayGoodbye: (text: string, reason: EndReason) => void
  /** The call ends once the agent's answer has been heard, which has begun already or is to come. */
  readonly endAfterAnswer: (options: { begun: boolean }) => void
  /** Whether the call is about to end. */
  readonly ending: () => boolean
}

/** How an agent behaves on the phone beside what it says: it minds silence, lets callers pause, and takes their leave. */
export class Courtesy {
  readonly fillers: readonly string[]
  readonly #options: CourtesyOptions
  readonly #phrases: AgentPhrases
  readonly #silence: SilenceWatch
  readonly #patience: Patience
  readonly #lastWords: LastWords
  #callerSpeaking = false
  /** Whether the agent was heard since the caller last spoke. */
  #answered = false
  #cancelAnswer: (() => void) | null = null

  constructor(options: CourtesyOptions) {
    const { busy, clock, engine, profile, sayGoodbye } = options
    const { goodbyeMessage, language } = profile
    this.#options = options
    this.#phrases = phrasesOf(language)
    this.fillers = profile.fillerPhrases ?? this.#phrases.fillers
    this.#patience = new Patience({ engine, extraMs: profile.patienceMs, language })
    this.#lastWords = new LastWords(profile.endCallPhrases)
    this.#silence = new SilenceWatch({
      policy: profile.silence,
      phrases: this.#phrases.reminders,
      clock,
      busy: () => this.#callerSpeaking || busy(),
      remind: (phrase) => engine.say(phrase),
      giveUp: () => sayGoodbye(goodbyeMessage ?? this.#phrases.silent, 'silence')
    })
  }

  get callerSpeaking(): boolean {
    return this.#callerSpeaking
  }

  /** The caller can be heard. */
  start(): void {
    this.#silence.start()
  }

  /** The caller speaks, and it is not the agent's echo. */
  callerSpeaks(): void {
    this.#callerSpeaking = true
    this.#answered = false
    this.#silence.callerSpoke()
    this.#patience.callerSpoke()
  }

  callerStopped(): void {
    this.#callerSpeaking = false
    this.#answered = false
    this.#silence.broken()
  }

  /** What the caller said, whole. */
  callerSaid(text: string): void {
    if (asksToWait(text, this.#options.profile.language)) this.#silence.wait(HOLD_ON_MS)
    if (!this.#lastWords.in(text) || this.#options.ending()) return
    const begun = this.#answered
    this.#options.endAfterAnswer({ begun })
    // The one to an earlier goodbye would come into the answer to this one.
    this.#cancelAnswer?.()
    if (!begun) this.#cancelAnswer = this.#options.clock.after(ANSWER_MS, () => this.#answerGoodbye())
  }

  callerPressed(): void {
    this.#silence.callerSpoke()
    this.#patience.callerSpoke()
  }

  /** Audio of the agent goes to the caller. */
  agentSounds(): void {
    this.#answered = true
  }

  /** The next piece of a reply's text. */
  agentSays(replyId: string, delta: string): void {
    this.#patience.agentSays(replyId, delta)
  }

  /** No more of this reply comes. */
  agentSaid(replyId: string): void {
    this.#patience.agentSaid(replyId)
  }

  /** A reply has been heard to its end. */
  agentHeard(): void {
    this.#silence.broken()
  }

  /** The call has become nearly as long as it may. */
  timeUp(): void {
    const { profile, sayGoodbye } = this.#options
    sayGoodbye(profile.goodbyeMessage ?? this.#phrases.timeUp, 'max_length')
  }

  close(): void {
    this.#cancelAnswer?.()
    this.#silence.close()
  }

  #answerGoodbye(): void {
    const { ending, engine, profile } = this.#options
    if (!this.#answered && ending()) engine.say(profile.goodbyeMessage ?? this.#phrases.goodbye)
  }
}
