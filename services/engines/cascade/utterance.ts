import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../sessions/contracts/clock.ts'

/** The caller's turn: what the service hears in one go, or with patience in several. */
export class Utterance {
  /** How much longer than the service to wait for more. */
  patienceMs = 0
  readonly #clock: Clock
  readonly #onEnded: (id: string, text: string) => void
  #id = ''
  #parts: string[] = []
  #cancelEnd: (() => void) | null = null

  constructor(options: { clock: Clock; onEnded: (id: string, text: string) => void }) {
    this.#clock = options.clock
    this.#onEnded = options.onEnded
  }

  /** Empty where nobody has spoken yet. */
  get id(): string {
    return this.#id
  }

  get open(): boolean {
    return this.#id !== ''
  }

  /** Returns whether this begins a turn, and not only goes on with one. */
  begin(): boolean {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    if (this.open) return false
    this.#id = randomUUID()
    return true
  }

  /** The whole turn, if these are its last words. */
  textWith(part: string): string {
    return [...this.#parts, part].join(' ').trim()
  }

  partEnded(text: string): void {
    if (!this.open) return
    if (text !== '') this.#parts.push(text)
    if (this.patienceMs === 0) return this.#end()
    this.#cancelEnd?.()
    this.#cancelEnd = this.#clock.after(this.patienceMs, () => this.#end())
  }

  /** It is over, and nobody is told. */
  close(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    this.#id = ''
    this.#parts = []
  }

  #end(): void {
    const id = this.#id
    const text = this.textWith('')
    this.close()
    this.#onEnded(id, text)
  }
}
