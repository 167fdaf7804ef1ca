import { SampleQueue } from './sample-queue.js'

/**
 * The carrier's side of the agent's voice: audio queues up as fast as it comes and is played in its own time. A mark is
 * due when the last sample before it has been played, or at once after a `clear`. Counts in samples of the call.
 */
export class Playout {
  #queue = new SampleQueue()
  /** @type {{ name: string, position: number }[]} */
  #marks = []
  #played = 0

  /** @param {Float32Array} samples */
  enqueue(samples) {
    this.#queue.push(samples)
  }

  /** @param {string} name */
  mark(name) {
    this.#marks.push({ name, position: this.#played + this.#queue.length })
  }

  /** Drops what was not played yet; every mark is due. */
  clear() {
    this.#queue.clear()
    for (const mark of this.#marks) mark.position = 0
  }

  /** Fills `block` with what is played next, silence where there is nothing. Returns how many samples are the agent's. @param {Float32Array} block */
  play(block) {
    const filled = this.#queue.take(block)
    block.fill(0, filled)
    this.#played += filled
    return filled
  }

  /** Names of the marks that are due, in order, each once. */
  takeDueMarks() {
    const waiting = this.#marks.findIndex(({ position }) => position > this.#played)
    return this.#marks.splice(0, waiting < 0 ? this.#marks.length : waiting).map(({ name }) => name)
  }
}
