/** Frames of media come in two or three sizes; more are of something else. */
const MOST_SIZES = 8

/** What is made once for each size, for as long as sizes are few: memory that is lent to one frame after the other. */
export class BySize<T> {
  readonly #make: (size: number) => T
  readonly #made = new Map<number, T>()
  #size = Number.NaN
  #last: T | null = null

  constructor(make: (size: number) => T) {
    this.#make = make
  }

  of(size: number): T {
    if (size === this.#size) return this.#last as T
    const made = this.#made.get(size) ?? this.#make(size)
    if (!this.#made.has(size) && this.#made.size === MOST_SIZES) this.#made.clear()
    this.#made.set(size, made)
    this.#size = size
    this.#last = made
    return made
  }

  /** The one asked for last is somebody's own from now on. */
  giveAway(): void {
    this.#made.delete(this.#size)
    this.#size = Number.NaN
  }
}
