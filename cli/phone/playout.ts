import { SampleQueue } from './sample-queue.ts'

/**
 * The carrier's side of the agent's voice: audio queues up as fast as it comes and is played frame by frame. A mark is
 * due when the last sample before it has been played, or at once after a `clear`. Counts in samples.
 */
export class Playout {
  readonly #queue = new SampleQueue()
  #marks: { readonly name: string; readonly position: number }[] = []
  /** Samples that left the queue, the frame on air included. */
  #taken = 0
  /** Samples whose frame is over. */
  #played = 0

  /** Samples of the agent's that were played to their end. */
  get played(): number {
    return this.#played
  }

  enqueue(samples: Int16Array): void {
    this.#queue.push(samples)
  }

  mark(name: string): void {
    this.#marks.push({ name, position: this.#taken + this.#queue.length })
  }

  /** Drops what is not on air yet; every mark is due. Returns the number of samples dropped. */
  clear(): number {
    this.#marks = this.#marks.map(({ name }) => ({ name, position: 0 }))
    return this.#queue.clear()
  }

  /** The frame on air is over. */
  endFrame(): void {
    this.#played = this.#taken
  }

  /** Puts the next frame on air. Returns how many of its samples are the agent's; the rest is silence. */
  beginFrame(frame: Int16Array): number {
    const filled = this.#queue.take(frame)
    this.#taken += filled
    return filled
  }

  /** Names of the marks that are due, in order, each once. */
  takeDueMarks(): string[] {
    const waiting = this.#marks.findIndex(({ position }) => position > this.#played)
    return this.#marks.splice(0, waiting < 0 ? this.#marks.length : waiting).map(({ name }) => name)
  }
}
