import type { CallLimits } from './call-limits.ts'
import type { EndReason } from './contracts/call-events.ts'
import type { OutboundAudio } from './outbound-audio.ts'

/** Longest wait for a goodbye to be made and heard, beyond the audio already on its way to the caller. */
export const GOODBYE_MS = 10_000
/** Ends that the caller may still talk the agent out of; of any other it is not the agent's to think better. */
const REVOCABLE: ReadonlySet<EndReason> = new Set<EndReason>(['agent_hung_up', 'silence'])

export interface GoodbyeOptions {
  readonly limits: CallLimits
  readonly outbound: OutboundAudio
  /** Whether the agent was told to speak on, and has not begun. */
  readonly awaitingReply: () => boolean
  readonly end: (reason: EndReason, detail: string | null) => void
}

interface PendingEnd {
  readonly reason: EndReason
  readonly detail: string | null
}

/** The end that a call comes to once the agent's last words have been heard. */
export class Goodbye {
  readonly #options: GoodbyeOptions
  #pending: PendingEnd | null = null
  /** Given up for what the caller is saying now. */
  #revoked: PendingEnd | null = null

  constructor(options: GoodbyeOptions) {
    this.#options = options
  }

  get pending(): boolean {
    return this.#pending !== null
  }

  /** The first one counts. `deadlineMs`: beyond the audio already on its way to the caller. */
  begin(reason: EndReason, detail: string | null, deadlineMs = GOODBYE_MS): void {
    if (this.#pending) return
    const { end, limits, outbound } = this.#options
    this.#pending = { reason, detail }
    limits.set(outbound.remainingMs + deadlineMs, () => end(reason, detail))
    this.endIfHeard()
  }

  /** The caller speaks: they may want something yet. */
  giveUp(): void {
    if (!this.#pending || !REVOCABLE.has(this.#pending.reason)) return
    this.#revoked = this.#pending
    this.#pending = null
    this.#options.limits.clear()
  }

  /** What the caller said was nothing, or "okay": the goodbye that was given up for it holds. */
  takeUp(): void {
    const revoked = this.#revoked
    this.#revoked = null
    if (revoked) this.begin(revoked.reason, revoked.detail)
  }

  /** The caller does want something yet. */
  forget(): void {
    this.#revoked = null
  }

  endIfHeard(): void {
    const { awaitingReply, end, outbound } = this.#options
    if (this.#pending && !awaitingReply() && outbound.heardAll)
      end(this.#pending.reason, this.#pending.detail)
  }
}
