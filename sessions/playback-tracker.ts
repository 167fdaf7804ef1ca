import type { HeardReply } from './contracts/agent-engine.ts'
import { MediaClock } from './media-clock.ts'

const FRAME_MS = 20
/** Marks are no denser than this, since each costs two messages; the clock tells what lies between them. */
const MARK_SPACING_MS = 1000

/** More than this received and not sent is audio still to come; less is a filter's delay and a frame being filled. */
const HELD_BACK_MS = 40

interface Segment {
  /** On the media clock. */
  readonly startMs: number
  lengthMs: number
}

interface Reply {
  readonly id: string
  readonly segments: Segment[]
  receivedMs: number
  sentMs: number
  /** By marks: at least this much has been played. */
  provenMs: number
  lastMarkMs: number
  finished: boolean
}

interface Mark {
  readonly replyId: string
  readonly kind: MarkKind
  readonly positionMs: number
}

export type MarkKind = 'start' | 'progress' | 'end'

/**
 * What the caller has heard of each reply, at any instant.
 *
 * Each piece of a reply is laid on the media clock at the later of the moment it was sent and the end of the audio
 * queued before it, and is heard as that clock passes over it: never more than was sent. Marks prove it from the other
 * side, and an end mark proves that a reply was heard whole. Marks that come back because of a `clear` are forgotten
 * beforehand, so they never count.
 */
export class PlaybackTracker {
  readonly #clock: MediaClock
  readonly #replies = new Map<string, Reply>()
  readonly #marks = new Map<string, Mark>()
  #queueEndMs = 0
  #markCount = 0

  constructor(now: number) {
    this.#clock = new MediaClock(now)
  }

  /** What everything is laid on. */
  get mediaClock(): MediaClock {
    return this.#clock
  }

  /** `ms` of caller audio came in: carrier time has advanced. */
  inboundAdvanced(ms: number, now: number): void {
    this.#clock.advance(ms, now)
  }

  /** The engine made `ms` of audio for this reply; it may not have been sent yet. */
  received(replyId: string, ms: number): void {
    this.#reply(replyId).receivedMs += ms
  }

  /** `ms` of this reply were handed to the carrier. Returns where on the media clock they begin. */
  sent(replyId: string, ms: number, now: number): number {
    const reply = this.#reply(replyId)
    const startMs = Math.max(this.#queueEndMs, this.#clock.at(now))
    const last = reply.segments.at(-1)
    if (last && last.startMs + last.lengthMs === startMs) last.lengthMs += ms
    else reply.segments.push({ startMs, lengthMs: ms })
    reply.sentMs += ms
    this.#queueEndMs = startMs + ms
    return startMs
  }

  /** What was sent and is played from `positionMs` of the media clock on; `fromMs`: where in its reply a piece begins. */
  ahead(positionMs: number): { replyId: string; fromMs: number; startMs: number; lengthMs: number }[] {
    return [...this.#replies.values()].flatMap(({ id, segments }) => {
      let sentMs = 0
      return segments.map(({ startMs, lengthMs }) => {
        const pastMs = Math.min(Math.max(positionMs - startMs, 0), lengthMs)
        const fromMs = sentMs + pastMs
        sentMs += lengthMs
        return { replyId: id, fromMs, startMs: startMs + pastMs, lengthMs: lengthMs - pastMs }
      })
    })
  }

  /** This reply will never be sent. */
  forget(replyId: string): void {
    this.#replies.delete(replyId)
  }

  /** Whether this reply has audio that is not proven heard to its end. */
  knows(replyId: string): boolean {
    return this.#replies.has(replyId)
  }

  /** Whether some of this reply was sent, on this stream or on one that was lost. */
  begun(replyId: string): boolean {
    return (this.#replies.get(replyId)?.segments.length ?? 0) > 0
  }

  /** The engine will make no more audio for this reply. */
  finished(replyId: string): void {
    const reply = this.#replies.get(replyId)
    if (reply) reply.finished = true
  }

  /** Name of the mark to place before a reply's first audio: it comes back as the caller begins to hear it. */
  startMark(replyId: string): string {
    return this.#mark(replyId, 'start', 0)
  }

  /** Name of the mark to place now, behind what was just sent; null while the last one is near enough. */
  progressMark(replyId: string): string | null {
    const reply = this.#reply(replyId)
    if (reply.sentMs - reply.lastMarkMs < MARK_SPACING_MS) return null
    reply.lastMarkMs = reply.sentMs
    return this.#mark(replyId, 'progress', reply.sentMs)
  }

  /** Name of the mark to place behind a reply's last audio. */
  endMark(replyId: string): string {
    return this.#mark(replyId, 'end', this.#reply(replyId).sentMs)
  }

  /** What a returned mark tells; null for a mark that is not ours, or that a `clear` sent back. */
  markReturned(name: string): { replyId: string; kind: MarkKind } | null {
    const mark = this.#marks.get(name)
    if (!mark) return null
    this.#marks.delete(name)
    const reply = this.#replies.get(mark.replyId)
    if (reply) reply.provenMs = Math.max(reply.provenMs, mark.positionMs)
    if (mark.kind === 'end') this.#replies.delete(mark.replyId)
    return { replyId: mark.replyId, kind: mark.kind }
  }

  /** Milliseconds of this reply that the caller has heard; 0 for one that is unknown or was heard whole before. */
  heardMs(replyId: string, now: number): number {
    const reply = this.#replies.get(replyId)
    return reply ? this.#heard(reply, now) : 0
  }

  /** Whether nothing is left whose end mark has not come back. */
  get settled(): boolean {
    return this.#replies.size === 0
  }

  /** Milliseconds until everything sent has been played. */
  remainingMs(now: number): number {
    return Math.max(0, this.#queueEndMs - this.#clock.at(now))
  }

  /** Whether the caller is hearing the agent, or is about to: something is unheard or still being made. */
  audible(now: number): boolean {
    for (const reply of this.#replies.values()) if (this.#unheard(reply, now)) return true
    return false
  }

  /** The same, of replies that have begun. */
  speaking(now: number): boolean {
    for (const reply of this.#replies.values())
      if (reply.segments.length > 0 && this.#unheard(reply, now)) return true
    return false
  }

  /**
   * The caller took the floor: freezes what was heard of every reply that was not played to its end, and forgets it
   * all but the replies `kept`, none of which has been sent. The carrier must be cleared at once.
   */
  interrupt(now: number, kept: ReadonlySet<string> = new Set()): HeardReply[] {
    const heard = [...this.#replies.values()]
      .filter((reply) => !kept.has(reply.id))
      .filter((reply) => this.#unheard(reply, now))
      .map((reply) => ({
        replyId: reply.id,
        heardMs: Math.min(this.#heard(reply, now), reply.receivedMs),
        receivedMs: reply.receivedMs
      }))
    for (const replyId of this.#replies.keys()) if (!kept.has(replyId)) this.#replies.delete(replyId)
    this.#marks.clear()
    this.#queueEndMs = this.#clock.at(now)
    return heard
  }

  /**
   * The carrier is gone with all that it had not played: every unheard reply goes back to what was heard of it.
   * Returns them in order; what is unheard has to be sent again. `whole`: those that were played to their end, of which
   * no end mark will come.
   */
  rewind(now: number): {
    rewound: { replyId: string; heardMs: number; finished: boolean }[]
    whole: string[]
  } {
    const clockMs = this.#clock.at(now)
    const unheard = [...this.#replies.values()].filter((reply) => this.#unheard(reply, now))
    const rewound = unheard.map((reply) => {
      // From the start of a frame: what is sent again begins where a frame did.
      const heardMs = Math.floor(Math.min(this.#heard(reply, now), reply.sentMs) / FRAME_MS) * FRAME_MS
      if (reply.segments.length > 0)
        reply.segments.splice(0, reply.segments.length, { startMs: clockMs - heardMs, lengthMs: heardMs })
      reply.sentMs = heardMs
      reply.lastMarkMs = heardMs
      return { replyId: reply.id, heardMs, finished: reply.finished }
    })
    const heard = [...this.#replies.values()].filter((reply) => !unheard.includes(reply))
    for (const { id } of heard) this.#replies.delete(id)
    this.#marks.clear()
    this.#queueEndMs = clockMs
    return { rewound, whole: heard.filter(({ finished }) => finished).map(({ id }) => id) }
  }

  #unheard(reply: Reply, now: number): boolean {
    if (reply.receivedMs === 0) return false
    const heldBackMs = reply.receivedMs - reply.sentMs
    return !reply.finished || heldBackMs > HELD_BACK_MS || this.#heard(reply, now) < reply.sentMs - 1
  }

  #heard(reply: Reply, now: number): number {
    const clockMs = this.#clock.at(now)
    let heardMs = 0
    for (const { startMs, lengthMs } of reply.segments) {
      heardMs += Math.min(Math.max(clockMs - startMs, 0), lengthMs)
    }
    return Math.max(heardMs, reply.provenMs)
  }

  #mark(replyId: string, kind: MarkKind, positionMs: number): string {
    this.#markCount += 1
    const name = `${kind}-${this.#markCount}`
    this.#marks.set(name, { replyId, kind, positionMs })
    return name
  }

  #reply(id: string): Reply {
    let reply = this.#replies.get(id)
    if (!reply) {
      reply = { id, segments: [], receivedMs: 0, sentMs: 0, provenMs: 0, lastMarkMs: 0, finished: false }
      this.#replies.set(id, reply)
    }
    return reply
  }
}
