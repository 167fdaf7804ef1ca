/**
 * One voice of a call against the clock of its media stream: sample 0 is the moment the stream started, and what is
 * queued is written ahead of the present. Where nothing was queued there is silence.
 */
export class SampleTimeline {
  #samples = new Int16Array(16_000)
  /** Position of `#samples[0]`. */
  #base = 0
  #end = 0

  /** One past the last queued sample. */
  get end(): number {
    return this.#end
  }

  /** Queues behind what is still to come, or at `now` (a sample position) if nothing is. Returns where it begins. */
  append(samples: Int16Array, now: number): number {
    const from = Math.max(this.#end, now)
    this.#reserve(from + samples.length)
    this.#samples.set(samples, from - this.#base)
    this.#end = from + samples.length
    return from
  }

  /** Drops what is queued from `now` on. Returns how many samples that were. */
  cut(now: number): number {
    const dropped = Math.max(0, this.#end - now)
    if (dropped > 0) {
      this.#samples.fill(0, Math.max(0, now - this.#base), this.#end - this.#base)
      this.#end = now
    }
    return dropped
  }

  /** A copy of [from, to). */
  read(from: number, to: number): Int16Array {
    const samples = new Int16Array(to - from)
    const first = Math.max(from, this.#base)
    const last = Math.min(to, this.#end)
    if (last > first) {
      samples.set(this.#samples.subarray(first - this.#base, last - this.#base), first - from)
    }
    return samples
  }

  /** Gives back the memory of what lies before `position`; it reads as silence from then on. */
  forgetBefore(position: number): void {
    const forgotten = position - this.#base
    if (forgotten < this.#samples.length / 2) return
    const kept = Math.max(0, this.#end - position)
    if (kept > 0) this.#samples.copyWithin(0, forgotten, forgotten + kept)
    this.#samples.fill(0, kept)
    this.#base = position
  }

  #reserve(end: number): void {
    const needed = end - this.#base
    if (needed <= this.#samples.length) return
    const grown = new Int16Array(Math.max(needed, this.#samples.length * 2))
    grown.set(this.#samples)
    this.#samples = grown
  }
}
