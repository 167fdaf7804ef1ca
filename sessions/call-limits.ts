import type { Clock } from './contracts/clock.ts'

/** How often a live call leaves a trace of being alive: a crash takes no more of what it lasted. */
const HEARTBEAT_MS = 5_000

/** The longest call ends with a goodbye: as long before its end, but never more than this share of it. */
const GOODBYE_LEAD_MS = 6000
const GOODBYE_SHARE = 0.25

export interface CallLimitsOptions {
  readonly clock: Clock
  /** Longest wait for the media stream after the answer. */
  readonly mediaDeadlineMs: number
  readonly maxCallMs: number
  readonly onMediaDeadline: () => void
  /** Time for a goodbye before that. */
  readonly onNearMaxLength: () => void
  readonly onMaxLength: () => void
  readonly onHeartbeat: () => void
}

/** The deadlines of one call. */
export class CallLimits {
  readonly #cancels = new Map<'media' | 'near' | 'length' | 'heartbeat' | 'other', () => void>()
  readonly #options: CallLimitsOptions

  constructor(options: CallLimitsOptions) {
    this.#options = options
    const { clock } = options
    this.#cancels.set('media', clock.after(options.mediaDeadlineMs, options.onMediaDeadline))
    const { maxCallMs } = options
    const leadMs = Math.min(GOODBYE_LEAD_MS, maxCallMs * GOODBYE_SHARE)
    this.#cancels.set('near', clock.after(maxCallMs - leadMs, options.onNearMaxLength))
    this.#cancels.set('length', clock.after(maxCallMs, options.onMaxLength))
    this.#beat()
  }

  /** The media stream is there. */
  mediaConnected(): void {
    this.#cancels.get('media')?.()
  }

  /** One more deadline, in place of the last one set here. */
  set(delayMs: number, task: () => void): void {
    this.#cancels.get('other')?.()
    this.#cancels.set('other', this.#options.clock.after(delayMs, task))
  }

  clear(): void {
    this.#cancels.get('other')?.()
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  #beat(): void {
    const cancel = this.#options.clock.after(HEARTBEAT_MS, () => {
      this.#options.onHeartbeat()
      this.#beat()
    })
    this.#cancels.set('heartbeat', cancel)
  }
}
