import { type AudioFormat, bytesPerMs, durationMs, SILENCE_BYTE } from '../audio/format.ts'
import { FrameBuffer } from '../audio/frame-buffer.ts'
import { createTranscoder, type Transcoder } from '../audio/transcoder.ts'
import type { HeardReply } from './contracts/agent-engine.ts'
import type { Clock } from './contracts/clock.ts'
import type { MediaTransport } from './contracts/media-transport.ts'
import type { EchoGuard } from './echo-guard.ts'
import type { HeardAudio } from './heard-audio.ts'
import { HeldAudio } from './held-audio.ts'
import type { MediaClock } from './media-clock.ts'
import { type MarkKind, PlaybackTracker } from './playback-tracker.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import { sentAhead } from './sent-ahead.ts'

/** Carriers take no less than this in one message. */
const FRAME_MS = 20
/** Audio kept for a media stream that is not there yet: longer than any greeting. */
const HELD_LIMIT_MS = 60_000
/** A message that begins with what was left of the one before is put together, and sent, in one tick. */
const JOINED = new FrameBuffer()

/** A reply as the caller took the floor. */
export interface CutReply extends HeardReply {
  /** Where it had been taken up again after an earlier cut; null where it never was. */
  readonly resumedFromMs: number | null
}

export type HeardWhole = Pick<CutReply, 'replyId' | 'resumedFromMs'>

/**
 * The agent's voice on its way to the caller: engine format to carrier format, whole frames, sent ahead as it comes,
 * with the marks that tell what was played. Audio made before the media stream is there waits for it.
 */
export class OutboundAudio {
  readonly #clock: Clock
  readonly #engineFormat: AudioFormat
  readonly #playback: PlaybackTracker
  #transport: MediaTransport | null = null
  #transcoder: Transcoder | null = null
  readonly #held: HeldAudio
  /** What does not fill a frame yet, of the reply being sent. */
  #rest: Uint8Array = new Uint8Array(0)
  #restBytes = 0
  #replyId: string | null = null
  readonly #dropped = new Set<string>()
  /** What is unheard of each playing, for a reply that is resumed. */
  readonly #buffers = new Map<string, ReplyBuffer>()
  /** The same, of the replies that the last interruption cut, and where in the reply they begin. */
  readonly #cut = new Map<string, { buffer: ReplyBuffer; fromMs: number }>()
  /** Replies that are played again from the middle, by the id of that playing. */
  readonly #resumed = new Map<string, { replyId: string; fromMs: number; receivedMs: number }>()
  #resumes = 0
  #waiting = false
  #muted = false
  /** Who listens to what the caller hears, while anybody does. */
  #heardAudio: HeardAudio | null = null
  /** Knows what was sent, to know it again when it comes back. */
  readonly #echoGuard: EchoGuard

  constructor(options: { clock: Clock; engineFormat: AudioFormat; echoGuard: EchoGuard }) {
    this.#clock = options.clock
    this.#engineFormat = options.engineFormat
    this.#held = new HeldAudio(options.engineFormat)
    this.#echoGuard = options.echoGuard
    this.#playback = new PlaybackTracker(options.clock.now())
  }

  /** The media stream is there: what waited for that is sent at once. */
  attach(transport: MediaTransport): void {
    this.#transport = transport
    this.#transcoder = createTranscoder(this.#engineFormat, transport.outboundFormat)
    this.#rest = new Uint8Array(FRAME_MS * bytesPerMs(transport.outboundFormat))
    this.#restBytes = 0
    this.#replyId = null
    this.#sendHeld()
  }

  /** The media stream is gone: what it had not played waits for the next one, and what it had is told in its marks' place. */
  detach(onHeardWhole: (reply: HeardWhole) => void): void {
    if (!this.#transport) return
    this.#transport = null
    this.#transcoder = null
    this.#replyId = null
    this.#takeBack()
    const { rewound, whole } = this.#playback.rewind(this.#clock.now())
    const made = new Set(rewound.filter((r) => r.finished || this.#held.ends(r.replyId)))
    // What waited is sent again with the rest: the buffers hold all that was not heard.
    this.#held.take()
    for (const reply of rewound) {
      const { replyId, heardMs } = reply
      for (const payload of this.#buffers.get(replyId)?.from(heardMs) ?? []) this.#held.hold(replyId, payload)
      if (made.has(reply)) this.#held.done(replyId)
    }
    for (const playing of whole) onHeardWhole(this.#endPlaying(playing))
  }

  /** `ms` of caller audio came in: the carrier's clock has advanced. */
  inboundAdvanced(ms: number, now: number): void {
    this.#playback.inboundAdvanced(ms, now)
  }

  get muted(): boolean {
    return this.#muted
  }

  /** Whether every reply that has audio from now on is dropped. */
  mute(muted: boolean): void {
    this.#muted = muted
  }

  /**
   * Audio of a reply in the engine's format. False where the reply was interrupted and the audio is dropped. `payload` may
   * be reused after the call.
   */
  play(replyId: string, payload: Uint8Array): boolean {
    if (this.#muted) this.#dropped.add(replyId)
    if (this.#dropped.has(replyId)) return false
    const ms = durationMs(this.#engineFormat, payload.byteLength)
    this.#playback.received(replyId, ms)
    this.#keep(replyId, payload)
    if (this.#goesOut(replyId)) this.#send(replyId, payload)
    else if (this.#held.ms < HELD_LIMIT_MS) this.#held.hold(replyId, new Uint8Array(payload))
    return true
  }

  /** No more audio will come for this reply. */
  replyDone(replyId: string): void {
    if (this.#dropped.has(replyId)) return
    if (this.#goesOut(replyId)) this.#finish(replyId)
    else this.#held.done(replyId)
  }

  /** Replies that begin now wait until `release`, or are dropped by `interrupt`. */
  wait(): void {
    this.#waiting = true
  }

  release(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#sendHeld()
  }

  /** Drops the replies that wait, and have not begun. Returns which. */
  dropWaiting(): string[] {
    const dropped = this.#unbegun
    this.#held.keepOnly(new Set(this.#held.replyIds.filter((replyId) => !dropped.includes(replyId))))
    this.#waiting = false
    for (const replyId of dropped) {
      this.#dropped.add(replyId)
      this.#release(replyId)
      this.#playback.forget(replyId)
    }
    this.#sendHeld()
    return dropped
  }

  /** Plays a reply that the last interruption cut again, from `fromMs` on. False where nothing of it is left. */
  resume({ replyId, receivedMs }: HeardReply, fromMs: number): boolean {
    const cut = this.#cut.get(replyId)
    const unheard = cut?.buffer.from(fromMs - cut.fromMs) ?? []
    if (unheard.length === 0) return false
    const playing = `${replyId} resumed ${++this.#resumes}`
    this.#resumed.set(playing, { replyId, fromMs, receivedMs })
    for (const payload of unheard) this.play(playing, payload)
    this.replyDone(playing)
    return true
  }

  /** Takes back everything that the caller has not heard but what waits, and tells what was heard of it. */
  interruptBeforeWaiting(): CutReply[] {
    return this.interrupt(new Set(this.#unbegun))
  }

  /** Takes back everything that the caller has not heard, and tells what was heard of it. */
  interrupt(kept: ReadonlySet<string> = new Set()): CutReply[] {
    const unproven = this.#unproven(kept)
    const heard = this.#playback.interrupt(this.#clock.now(), kept)
    if (heard.length > 0) this.#takeBack()
    this.#transcoder?.reset()
    this.#restBytes = 0
    this.#replyId = null
    this.#held.keepOnly(kept)
    this.#waiting &&= kept.size > 0
    this.#forgetCut()
    const left = unproven.filter(({ replyId }) => !heard.some((reply) => reply.replyId === replyId))
    const cut = [...heard, ...left].map((reply) => this.#cutReply(reply))
    for (const replyId of this.#buffers.keys()) if (!kept.has(replyId)) this.#release(replyId)
    this.#resumed.clear()
    return cut
  }

  /** Takes everything back for good. */
  close(): void {
    this.interrupt()
    this.#forgetCut()
  }

  /** The carrier's time, by which the agent's audio is played. */
  get mediaClock(): MediaClock {
    return this.#playback.mediaClock
  }

  /** What the carrier is sent; null while there is no stream. */
  get streamFormat(): AudioFormat | null {
    return this.#transport?.outboundFormat ?? null
  }

  /** Lays what is sent on this timeline, beginning with what was sent already and not heard yet; null: on none. */
  tellSent(heard: HeardAudio | null): void {
    this.#heardAudio = heard
    const replies = { playback: this.#playback, buffers: this.#buffers, engineFormat: this.#engineFormat }
    for (const piece of heard ? sentAhead(replies, heard) : []) heard?.sent(piece)
  }

  /** Whether the caller is hearing the agent, or has something left to hear. */
  get audible(): boolean {
    return this.#playback.audible(this.#clock.now())
  }

  /** The same, of what does not wait. */
  get speaking(): boolean {
    return this.#playback.speaking(this.#clock.now())
  }

  /** Whether every reply has been proven heard to its end. */
  get heardAll(): boolean {
    return this.#held.ms === 0 && this.#playback.settled
  }

  /** Milliseconds that the caller has heard of this reply; null where nothing of it is left to be heard. */
  heardMs(replyId: string): number | null {
    const resumed = [...this.#resumed].findLast(([, { replyId: id }]) => id === replyId)
    if (resumed) return resumed[1].fromMs + this.#heardOf(resumed[0])
    return this.#playback.knows(replyId) ? this.#heardOf(replyId) : null
  }

  /** Milliseconds until everything sent has been played. */
  get remainingMs(): number {
    return this.#playback.remainingMs(this.#clock.now()) + this.#held.ms
  }

  /** What a returned mark tells of which reply; `resumedFromMs` where it was of a reply played again from there. */
  markReturned(name: string): (HeardWhole & { kind: MarkKind }) | null {
    const mark = this.#playback.markReturned(name)
    if (!mark) return null
    const { kind, replyId } = mark
    return { kind, ...(kind === 'end' ? this.#endPlaying(replyId) : this.#playingOf(replyId)) }
  }

  #endPlaying(playing: string): HeardWhole {
    const told = this.#playingOf(playing)
    this.#echoGuard.settled()
    this.#release(playing)
    this.#resumed.delete(playing)
    return told
  }

  #playingOf(playing: string): HeardWhole {
    const resumed = this.#resumed.get(playing)
    return { replyId: resumed?.replyId ?? playing, resumedFromMs: resumed?.fromMs ?? null }
  }

  /**
   * Replies that are played again, with what was heard of them. One that was heard to its end counts as cut until that is
   * proven: its reply may have been broken off, and then goes on behind it.
   */
  #unproven(kept: ReadonlySet<string>): HeardReply[] {
    const playing = [...this.#resumed.keys()].filter((id) => !kept.has(id) && this.#playback.knows(id))
    return playing.map((replyId) => ({ replyId, heardMs: this.#heardOf(replyId), receivedMs: 0 }))
  }

  #heardOf(playing: string): number {
    return this.#playback.heardMs(playing, this.#clock.now())
  }

  #cutReply({ replyId: playing, heardMs, receivedMs }: HeardReply): CutReply {
    this.#dropped.add(playing)
    const resumed = this.#resumed.get(playing)
    const replyId = resumed?.replyId ?? playing
    const fromMs = resumed?.fromMs ?? 0
    const buffer = this.#buffers.get(playing)
    this.#buffers.delete(playing)
    if (buffer) this.#cut.set(replyId, { buffer, fromMs })
    return {
      replyId,
      heardMs: fromMs + heardMs,
      receivedMs: resumed?.receivedMs ?? receivedMs,
      resumedFromMs: resumed?.fromMs ?? null
    }
  }

  /** Whether what comes of this reply now is sent at once. */
  #goesOut(replyId: string): boolean {
    return this.#transport !== null && (!this.#waiting || this.#playback.begun(replyId))
  }

  /** Replies that wait, and of which nothing was sent. */
  get #unbegun(): string[] {
    return this.#held.replyIds.filter((replyId) => !this.#playback.begun(replyId))
  }

  #keep(replyId: string, payload: Uint8Array): void {
    let buffer = this.#buffers.get(replyId)
    if (!buffer) {
      buffer = new ReplyBuffer(this.#engineFormat)
      this.#buffers.set(replyId, buffer)
    }
    buffer.append(payload)
    buffer.heard(this.#heardOf(replyId))
  }

  #release(playing: string): void {
    this.#buffers.get(playing)?.release()
    this.#buffers.delete(playing)
  }

  #forgetCut(): void {
    for (const { buffer } of this.#cut.values()) buffer.release()
    this.#cut.clear()
  }

  /** All but what has to wait on. */
  #sendHeld(): void {
    for (const piece of this.#held.takeIf((replyId) => this.#goesOut(replyId))) {
      if ('done' in piece) this.#finish(piece.replyId)
      else this.#send(piece.replyId, piece.payload)
    }
  }

  #send(replyId: string, payload: Uint8Array): void {
    if (!this.#transcoder || !this.#transport) return
    if (this.#replyId !== replyId) this.#begin(replyId)
    this.#sendFrames(replyId, this.#transcoder.push(payload))
    const mark = this.#playback.progressMark(replyId)
    if (mark) this.#transport.mark(mark)
  }

  #begin(replyId: string): void {
    if (this.#replyId) this.#flush(this.#replyId)
    this.#replyId = replyId
    this.#transport?.mark(this.#playback.startMark(replyId))
  }

  #finish(replyId: string): void {
    if (this.#replyId === replyId) {
      this.#flush(replyId)
      this.#replyId = null
    }
    if (!this.#playback.knows(replyId)) return
    this.#playback.finished(replyId)
    this.#transport?.mark(this.#playback.endMark(replyId))
  }

  /** Sends as many whole frames as there are, as one message, and keeps the rest. */
  #sendFrames(replyId: string, audio: Uint8Array): void {
    const transport = this.#transport as MediaTransport
    const frameBytes = this.#rest.byteLength
    const total = this.#restBytes + audio.byteLength
    if (total < frameBytes) {
      this.#rest.set(audio, this.#restBytes)
      this.#restBytes = total
      return
    }
    const whole = total - (total % frameBytes)
    let message = audio
    if (this.#restBytes > 0) {
      message = JOINED.bytes(whole)
      message.set(this.#rest.subarray(0, this.#restBytes))
      message.set(audio.subarray(0, whole - this.#restBytes), this.#restBytes)
    } else if (whole < total) {
      message = audio.subarray(0, whole)
    }
    const kept = audio.subarray(audio.byteLength - (total - whole))
    this.#transmit(transport, replyId, message)
    this.#rest.set(kept)
    this.#restBytes = kept.byteLength
  }

  /** Ends a reply: the filter's tail and the last frame, filled up with silence. */
  #flush(replyId: string): void {
    if (!this.#transcoder || !this.#transport) return
    const tail = this.#transcoder.flush()
    if (tail.byteLength > 0) this.#sendFrames(replyId, tail)
    this.#transcoder.reset()
    if (this.#restBytes === 0) return
    this.#rest.fill(SILENCE_BYTE[this.#transport.outboundFormat.encoding], this.#restBytes)
    this.#transmit(this.#transport, replyId, this.#rest)
    this.#restBytes = 0
  }

  /** From the carrier, where there is one, and from whoever was told of it. */
  #takeBack(): void {
    this.#transport?.clear()
    const positionMs = this.mediaClock.at(this.#clock.now())
    this.#heardAudio?.cut(positionMs)
    this.#echoGuard.cleared(positionMs)
  }

  #transmit(transport: MediaTransport, replyId: string, payload: Uint8Array): void {
    transport.send(payload)
    const ms = durationMs(transport.outboundFormat, payload.byteLength)
    const startMs = this.#playback.sent(replyId, ms, this.#clock.now())
    this.#heardAudio?.sent({ startMs, payload })
    this.#echoGuard.heard(payload, transport.outboundFormat, startMs)
  }
}
