export interface ReorderBufferOptions<T> {
  /** Takes the frames in order, within `push` and `flush`. */
  readonly deliver: (frame: T) => void
  /** So many frames were given up, and the next to be delivered is the one behind them. */
  readonly onMissing?: (frames: number) => void
  /** Most frames to hold while waiting for an earlier one; 3 frames of 20 ms are a delay of 60 ms. */
  readonly depth?: number
}

/** What a number tells when the frame comes, however the carrier writes it. */
export type FrameNumber = number | string | null | undefined

/** A number further away than this, either way, begins a new count: 2 s of frames of 20 ms. */
const RESTART_DISTANCE = 100

/**
 * Puts the frames of a media stream back into the order of their numbers, which rise by one from any first value.
 *
 * Frames in order pass without delay. Behind a gap at most `depth` frames are held; one more, and the gap is given up.
 * Frames that come again, or after they were given up, are dropped. Frames without a number pass straight through. A
 * jump of more than 100 begins a new count: what is held goes first, and the distance does not count as missing.
 */
export class ReorderBuffer<T> {
  /** Frames that never came, or came too late. */
  missing = 0
  /** Frames dropped because they were already given up, or older than the first. */
  late = 0
  /** Frames dropped because they had come before. */
  duplicate = 0
  readonly #deliver: (frame: T) => void
  readonly #onMissing: (frames: number) => void
  readonly #depth: number
  /** null until a frame had to wait for the first time: mostly none ever has. */
  #held: Map<number, T> | null = null
  /** Recent numbers that were given up: they tell a late frame from a duplicate. */
  readonly #givenUp = new Set<number>()
  #first = 0
  /** null before the first frame. */
  #next: number | null = null

  constructor({ deliver, onMissing = () => {}, depth = 3 }: ReorderBufferOptions<T>) {
    this.#deliver = deliver
    this.#onMissing = onMissing
    this.#depth = depth
  }

  /** Whether the frame of this number is the next, with none waiting behind it; it then counts as delivered. */
  passes(frameNumber: number): boolean {
    if (frameNumber !== this.#next || this.#holds) return false
    this.#next += 1
    return true
  }

  /** `frame` may be held until a later push, so its memory must be its own. */
  push(frameNumber: FrameNumber, frame: T): void {
    const number = parseFrameNumber(frameNumber)
    if (number === null) {
      this.#deliver(frame)
      return
    }
    if (this.#next !== null && Math.abs(number - this.#next) > RESTART_DISTANCE) {
      this.flush()
      this.reset()
    }
    if (this.#next === null) {
      this.#first = number
      this.#next = number
    }
    if (number < this.#next) this.#drop(number)
    else if (this.#held?.has(number)) this.duplicate++
    else this.#accept(number, this.#next, frame)
  }

  /** Delivers what is held, giving up the gaps before it. */
  flush(): void {
    while (this.#held && this.#holds) this.#giveUpGap(this.#held)
  }

  /** Forgets what is held and where the count was; what was counted stays. */
  reset(): void {
    this.#held?.clear()
    this.#givenUp.clear()
    this.#next = null
  }

  get #holds(): boolean {
    return this.#held !== null && this.#held.size > 0
  }

  #accept(number: number, next: number, frame: T): void {
    if (number > next) {
      this.#held ??= new Map()
      this.#held.set(number, frame)
      if (this.#held.size > this.#depth) this.#giveUpGap(this.#held)
      return
    }
    this.#next = number + 1
    this.#deliver(frame)
    if (this.#held) this.#deliverHeld(this.#held)
  }

  #drop(number: number): void {
    if (number < this.#first || this.#givenUp.delete(number)) this.late++
    else this.duplicate++
  }

  /** Goes on with the earliest frame held. */
  #giveUpGap(held: Map<number, T>): void {
    const next = Math.min(...held.keys())
    const previous = this.#next ?? next
    this.missing += next - previous
    for (const number of this.#givenUp) if (number < next - RESTART_DISTANCE) this.#givenUp.delete(number)
    for (let number = previous; number < next; number++) this.#givenUp.add(number)
    this.#next = next
    if (next > previous) this.#onMissing(next - previous)
    this.#deliverHeld(held)
  }

  #deliverHeld(held: Map<number, T>): void {
    while (this.#next !== null && held.has(this.#next)) {
      const frame = held.get(this.#next) as T
      held.delete(this.#next)
      this.#next++
      this.#deliver(frame)
    }
  }
}

/** null for what is not a whole number. */
function parseFrameNumber(value: FrameNumber): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null
}
