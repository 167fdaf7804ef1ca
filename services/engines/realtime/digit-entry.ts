import type { Clock } from '../../../sessions/contracts/clock.ts'

/** Keys pressed closer together than this are one entry: an account number, say. */
const DIGIT_PAUSE_MS = 1500
/** Ends an entry at once. */
const LAST_DIGIT = '#'

/** Puts keys in quick succession together. */
export class DigitEntry {
  readonly #clock: Clock
  readonly #onEntry: (digits: string) => void
  #digits = ''
  #cancel: (() => void) | null = null

  constructor(options: { clock: Clock; onEntry: (digits: string) => void }) {
    this.#clock = options.clock
    this.#onEntry = options.onEntry
  }

  press(digit: string): void {
    this.#digits += digit
    this.close()
    if (digit === LAST_DIGIT) this.#end()
    else this.#cancel = this.#clock.after(DIGIT_PAUSE_MS, () => this.#end())
  }

  /** What was not ended is dropped. */
  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #end(): void {
    const digits = this.#digits
    this.#digits = ''
    this.#onEntry(digits)
  }
}
