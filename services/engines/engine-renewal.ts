import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { connectWithin } from './cascade/connect-within.ts'
import type { PastTurn } from './past-turns.ts'

const CONNECT_DEADLINE_MS = 10_000
/** Where a new session could not be had, the old one lives on for a while. */
const RETRY_MS = 30_000
/** How often it is looked whether the moment has come. */
const LOOK_MS = 200

/** How an engine whose sessions may only last so long is taken over by another of its kind. */
export interface Renewal {
  /** Of a session, from when it was connected. */
  readonly afterMs: number
  create(): AgentEngine
  /** It is connected, and goes on where the one before was, without a word of it to the caller. */
  goOn(engine: AgentEngine, past: readonly PastTurn[]): void
}

export interface EngineRenewalOptions {
  readonly renewal: Renewal
  readonly clock: Clock
  /** Aborts when the call ends. */
  readonly signal: AbortSignal
  /** Whether nobody would notice. */
  readonly isLull: () => boolean
  /** The new one is there and the moment is right: it is the caller's to close from here on. */
  readonly onRenewed: (engine: AgentEngine) => void
}

/** Connects the next session before the current one is over, and has it take over in a pause of the conversation. */
export class EngineRenewal {
  readonly #options: EngineRenewalOptions
  #cancel: (() => void) | null = null
  #next: AgentEngine | null = null
  /** Counts the sessions, so that what was begun for one is not finished for another. */
  #round = 0

  constructor(options: EngineRenewalOptions) {
    this.#options = options
  }

  /** A session has begun. */
  start(): void {
    this.stop()
    if (!this.#options.signal.aborted) this.#after(this.#options.renewal.afterMs, () => void this.#connect())
  }

  /** There is nothing to renew any more. */
  stop(): void {
    this.#round += 1
    this.#cancel?.()
    this.#cancel = null
    this.#next?.close()
    this.#next = null
  }

  async #connect(): Promise<void> {
    const { clock, renewal, signal } = this.#options
    const round = this.#round
    const next = renewal.create()
    next.once('failed', () => {
      if (this.#next === next) this.#tryLater()
    })
    this.#next = next
    try {
      await connectWithin(CONNECT_DEADLINE_MS, clock, signal, (aborted) => next.connect(aborted))
      if (round === this.#round) this.#look()
    } catch {
      if (round === this.#round) this.#tryLater()
    }
  }

  #tryLater(): void {
    this.stop()
    this.#after(RETRY_MS, () => void this.#connect())
  }

  #look(): void {
    const next = this.#next
    if (!next || !this.#options.isLull()) return this.#after(LOOK_MS, () => this.#look())
    this.#next = null
    next.removeAllListeners('failed')
    this.#options.onRenewed(next)
  }

  #after(ms: number, task: () => void): void {
    this.#cancel = this.#options.clock.after(ms, task)
  }
}
