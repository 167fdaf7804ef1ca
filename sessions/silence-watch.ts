import type { SilencePolicy } from './contracts/agent-profile.ts'
import type { Clock } from './contracts/clock.ts'

export interface SilenceWatchOptions {
  readonly policy: SilencePolicy
  /** Where the policy has none of its own. */
  readonly phrases: readonly string[]
  readonly clock: Clock
  /** Whether there is a reason for the silence, or none at all: somebody speaks, or a tool runs. */
  readonly busy: () => boolean
  readonly remind: (phrase: string) => void
  /** The caller has been asked often enough. */
  readonly giveUp: () => void
}

/** Asks a caller who has fallen silent whether they are there, and gives up where they don't answer. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions
  readonly #afterMs: number
  #since = 0
  #reminded = 0
  #waitUntil = 0
  #cancel: (() => void) | null = null

  constructor(options: SilenceWatchOptions) {
    this.#options = options
    this.#afterMs = options.policy.afterSeconds * 1000
  }

  /** From now on somebody is expected to speak. */
  start(): void {
    this.broken()
    if (this.#afterMs > 0 && !this.#cancel) this.#checkIn(this.#afterMs)
  }

  /** Somebody was heard until now. */
  broken(): void {
    this.#since = this.#options.clock.now()
  }

  /** The caller is there. */
  callerSpoke(): void {
    this.broken()
    this.#reminded = 0
    this.#waitUntil = 0
  }

  /** The caller has asked for time. */
  wait(ms: number): void {
    this.#waitUntil = this.#options.clock.now() + ms
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #checkIn(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => this.#check())
  }

  #check(): void {
    const { busy } = this.#options
    if (busy() || this.#options.clock.now() < this.#waitUntil) this.broken()
    const silentMs = this.#options.clock.now() - this.#since
    if (silentMs >= this.#afterMs) {
      this.#act()
      this.broken()
    }
    if (this.#cancel) this.#checkIn(this.#since + this.#afterMs - this.#options.clock.now())
  }

  #act(): void {
    const { giveUp, policy, remind } = this.#options
    const phrases = policy.phrases ?? this.#options.phrases
    const phrase = phrases[this.#reminded % phrases.length]
    if (phrase === undefined || this.#reminded >= policy.reminders) return giveUp()
    this.#reminded += 1
    remind(phrase)
  }
}
