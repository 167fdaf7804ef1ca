import type { Clock } from './contracts/clock.ts'

/** How often a live call leaves a trace of being alive. */
const HEARTBEAT_MS = 10_000

export interface CallLimitsOptions {
  readonly clock: Clock
  /** Longest wait for the media stream after the answer. */
  readonly mediaDeadlineMs: number
  readonly maxCallMs: number
  readonly onMediaDeadline: () => void
  readonly onMaxLength: () => void
  readonly onHeartbeat: () => void
}

/** The deadlines of one call. */
export class CallLimits {
  readonly #cancels = new Map<'media' | 'length' | 'heartbeat' | 'other', () => void>()
  readonly #options: CallLimitsOptions

  constructor(options: CallLimitsOptions) {
    this.#options = options
    const { clock } = options
    this.#cancels.set('media', clock.after(options.mediaDeadlineMs, options.onMediaDeadline))
    this.#cancels.set('length', clock.after(options.maxCallMs, options.onMaxLength))
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
