import type { Clock } from '../../../sessions/contracts/clock.ts'

/** Keys pressed closer together than this are one entry: an account number, say. */
const PAUSE_MS = 1500

/** Keys that the caller pressed, as one entry: until a pause, or the hash key. */
export class KeyedDigits {
  readonly #clock: Clock
  readonly #onKeyed: (digits: string) => void
  #digits = ''
  #cancel: () => void = () => {}

  constructor(options: { clock: Clock; onKeyed: (digits: string) => void }) {
    this.#clock = options.clock
    this.#onKeyed = options.onKeyed
  }

  push(digit: string): void {
    this.#digits += digit
    this.#cancel()
    if (digit === '#') this.#end()
    else this.#cancel = this.#clock.after(PAUSE_MS, () => this.#end())
  }

  close(): void {
    this.#cancel()
  }

  #end(): void {
    const digits = this.#digits
    this.#digits = ''
    this.#onKeyed(digits)
  }
}
