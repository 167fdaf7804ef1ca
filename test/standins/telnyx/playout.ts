import { SampleTimeline } from './sample-timeline.ts'

/** One `media` message of the server. Milliseconds on the stream's timeline, but for `receivedAt` (performance.now). */
export interface PlayedMessage {
  readonly receivedAt: number
  readonly playedFromMs: number
  readonly lengthMs: number
  /** What the caller hears of it: `lengthMs`, or less once a `clear` cut it. */
  playedMs: number
}

export interface ReturnedMark {
  readonly name: string
  readonly receivedAt: number
  readonly returnedAt: number
  /** Whether a `clear` sent it back, and not the playout. */
  readonly cleared: boolean
}

export interface ReceivedClear {
  readonly receivedAt: number
  /** When it began its way over a line that has a delay. */
  readonly enteredAt: number
  readonly droppedMs: number
}

/** Quieter samples than this are comfort noise or silence, not an agent that speaks. */
const AUDIBLE_LEVEL = 250

/**
 * Telnyx's side of the agent's voice: queues what comes faster than real time, plays it sample by sample against the
 * clock, returns marks when everything before them has been played, and drops the queue at `clear`.
 */
export class Playout {
  readonly messages: PlayedMessage[] = []
  readonly marks: ReturnedMark[] = []
  readonly clears: ReceivedClear[] = []
  readonly timeline = new SampleTimeline()
  readonly #sampleRateHz: number
  readonly #startedAt: number
  readonly #onMark: (mark: ReturnedMark) => void
  readonly #onFirstAudio: (atMs: number) => void
  #pendingMarks: { name: string; receivedAt: number; position: number }[] = []
  #queuedSamples = 0
  #firstAudible: number | null = null
  #firstAudioTold = false

  constructor(options: {
    sampleRateHz: number
    /** The stream's beginning, by performance.now. */
    startedAt: number
    onMark: (mark: ReturnedMark) => void
    onFirstAudio: (atMs: number) => void
  }) {
    this.#sampleRateHz = options.sampleRateHz
    this.#startedAt = options.startedAt
    this.#onMark = options.onMark
    this.#onFirstAudio = options.onFirstAudio
  }

  /** The sample that the caller hears at this instant. */
  positionAt(at: number): number {
    return Math.max(0, Math.floor(((at - this.#startedAt) * this.#sampleRateHz) / 1000))
  }

  /** Milliseconds of agent audio that the caller has heard so far; gaps do not count. */
  heardMs(at: number): number {
    const stillToCome = Math.max(0, this.timeline.end - this.positionAt(at))
    return this.#toMs(this.#queuedSamples - stillToCome)
  }

  enqueue(samples: Int16Array, receivedAt: number): void {
    this.advance(receivedAt)
    const from = this.timeline.append(samples, this.positionAt(receivedAt))
    this.#queuedSamples += samples.length
    const lengthMs = this.#toMs(samples.length)
    this.messages.push({ receivedAt, playedFromMs: this.#toMs(from), lengthMs, playedMs: lengthMs })
    if (this.#firstAudible === null) {
      const audible = samples.findIndex((sample) => Math.abs(sample) > AUDIBLE_LEVEL)
      if (audible >= 0) this.#firstAudible = from + audible
    }
  }

  mark(name: string, receivedAt: number): void {
    this.advance(receivedAt)
    if (this.timeline.end > this.positionAt(receivedAt)) {
      this.#pendingMarks.push({ name, receivedAt, position: this.timeline.end })
    } else {
      this.#returnMark(name, receivedAt, receivedAt, false)
    }
  }

  clear(receivedAt: number, enteredAt = receivedAt): void {
    this.advance(receivedAt)
    const now = this.positionAt(receivedAt)
    const dropped = this.timeline.cut(now)
    this.#queuedSamples -= dropped
    this.clears.push({ receivedAt, enteredAt, droppedMs: this.#toMs(dropped) })
    this.#shortenMessages(this.#toMs(now))
    if (this.#firstAudible !== null && this.#firstAudible >= now) this.#firstAudible = null
    const pending = this.#pendingMarks
    this.#pendingMarks = []
    for (const { name, receivedAt: markedAt } of pending) this.#returnMark(name, markedAt, receivedAt, true)
  }

  /** Plays up to this instant: returns the marks that are due. */
  advance(at: number): void {
    const now = this.positionAt(at)
    if (!this.#firstAudioTold && this.#firstAudible !== null && now > this.#firstAudible) {
      this.#firstAudioTold = true
      this.#onFirstAudio(this.#toMs(this.#firstAudible))
    }
    while (this.#pendingMarks.length > 0 && this.#pendingMarks[0]!.position <= now) {
      const { name, receivedAt } = this.#pendingMarks.shift()!
      this.#returnMark(name, receivedAt, at, false)
    }
  }

  #shortenMessages(nowMs: number): void {
    for (let i = this.messages.length - 1; i >= 0; i--) {
      const message = this.messages[i]!
      if (message.playedFromMs + message.playedMs <= nowMs) return
      message.playedMs = Math.max(0, nowMs - message.playedFromMs)
    }
  }

  #returnMark(name: string, receivedAt: number, returnedAt: number, cleared: boolean): void {
    const mark = { name, receivedAt, returnedAt, cleared }
    this.marks.push(mark)
    this.#onMark(mark)
  }

  #toMs(samples: number): number {
    return (samples * 1000) / this.#sampleRateHz
  }
}
