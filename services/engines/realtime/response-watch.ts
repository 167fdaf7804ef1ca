import type { Clock } from '../../../sessions/contracts/clock.ts'

/** Longer than any model thinks without a sign of it, and as long as a caller asks whether anybody is there. */
const STALL_MS = 8_000

export interface ResponseWatchOptions {
  readonly clock: Clock
  /** Whether a response was asked for, or has begun, and has not ended. */
  readonly isAwaited: () => boolean
  readonly onStalled: () => void
}

/** Notices a response of which nothing comes any more. A socket lives on over a service that has lost it. */
export class ResponseWatch {
  readonly #options: ResponseWatchOptions
  #progressAt = 0
  #cancel: (() => void) | null = null

  constructor(options: ResponseWatchOptions) {
    this.#options = options
  }

  /** It was asked for, or something has come of it. */
  progress(): void {
    this.#progressAt = this.#options.clock.now()
    if (!this.#cancel) this.#wait(STALL_MS)
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #wait(ms: number): void {
    const { clock, isAwaited, onStalled } = this.#options
    this.#cancel = clock.after(ms, () => {
      this.#cancel = null
      if (!isAwaited()) return
      const leftMs = this.#progressAt + STALL_MS - clock.now()
      if (leftMs > 0) this.#wait(leftMs)
      else onStalled()
    })
  }
}
