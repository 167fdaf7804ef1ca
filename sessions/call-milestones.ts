import type { CallEvent } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'

const ORDER = [
  'stream.connected',
  'session.ready',
  'audio.first_from_caller',
  'audio.first_to_engine',
  'audio.first_from_engine',
  'audio.first_to_caller'
] as const

/** A milestone that waits longer than this for the one before it is told out of order: it may never come. */
const HOLD_MS = 2000

type Milestone = (typeof ORDER)[number]
export type MilestoneEvent = Extract<CallEvent, { type: Milestone }>

/**
 * Tells the first steps of a call in one order, whichever came first: the engine is opened while the carrier still
 * connects its stream, and an operator reads the log as a sequence. Each step is told once, with its own time.
 */
export class CallMilestones {
  readonly #publish: (event: MilestoneEvent) => void
  readonly #clock: Clock
  readonly #waiting = new Map<Milestone, MilestoneEvent>()
  readonly #told = new Set<Milestone>()
  #cancelHold: (() => void) | null = null

  constructor(options: { publish: (event: MilestoneEvent) => void; clock: Clock }) {
    this.#publish = options.publish
    this.#clock = options.clock
  }

  /** Whether this step has been reached already. */
  has(milestone: Milestone): boolean {
    return this.#told.has(milestone) || this.#waiting.has(milestone)
  }

  reached(event: MilestoneEvent): void {
    if (this.has(event.type)) return
    this.#waiting.set(event.type, event)
    this.#tell(false)
    if (this.#waiting.size > 0) this.#cancelHold ??= this.#clock.after(HOLD_MS, () => this.flush())
  }

  /** Tells what still waits: the call is over, or what should have come before it did not. */
  flush(): void {
    this.#cancelHold?.()
    this.#cancelHold = null
    this.#tell(true)
  }

  #tell(all: boolean): void {
    for (const milestone of ORDER) {
      const event = this.#waiting.get(milestone)
      if (event) {
        this.#waiting.delete(milestone)
        this.#told.add(milestone)
        this.#publish(event)
      } else if (!all && !this.#told.has(milestone)) return
    }
  }
}
