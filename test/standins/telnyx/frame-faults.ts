/** What a bad network does to the caller's media frames. Every n-th frame, so that a test knows what to expect. */
export interface FrameFaults {
  /** Every n-th frame overtakes the one before it. */
  readonly reorderEvery?: number
  readonly duplicateEvery?: number
  readonly dropEvery?: number
}

/** Turns each frame into what is to be sent now: nothing, the frame, or the frame and others. */
export class FaultyLine {
  readonly #faults: FrameFaults
  #count = 0
  #held: string | null = null

  constructor(faults: FrameFaults) {
    this.#faults = faults
  }

  pass(frame: string): string[] {
    this.#count++
    if (this.#every(this.#faults.dropEvery)) return []
    const frames = this.#every(this.#faults.duplicateEvery) ? [frame, frame] : [frame]
    if (this.#held !== null) {
      frames.push(this.#held)
      this.#held = null
    } else if (this.#every(this.#faults.reorderEvery)) {
      this.#held = frame
      return []
    }
    return frames
  }

  #every(n: number | undefined): boolean {
    return n !== undefined && this.#count % n === 0
  }
}
