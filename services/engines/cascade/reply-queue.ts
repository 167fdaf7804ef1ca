import { randomUUID } from 'node:crypto'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { CallError } from '../../../sessions/errors.ts'
import type { AgentVoice } from './agent-voice.ts'
import type { RequestedCall } from './chat-model.ts'
import { ReplyRun } from './reply-run.ts'
import type { WrittenPiece } from './reply-writer.ts'
import type { SpokenText } from './spoken-text.ts'

/** Replies that a cut may still be told of. */
const REMEMBERED_REPLIES = 16

export interface ReplyQueueOptions {
  readonly voice: AgentVoice
  readonly apology: string
  /** Has the model answer the conversation; `callerText`: what the caller may have said besides. */
  readonly write: (callerText: string | null, signal: AbortSignal) => AsyncIterable<WrittenPiece>
  /** Has the model go on with the reply that it broke off. */
  readonly writeRest: (signal: AbortSignal) => AsyncIterable<WrittenPiece>
  readonly onText: (run: ReplyRun, delta: string) => void
  readonly onAudio: (run: ReplyRun, payload: Uint8Array) => void
  readonly onUsage: (records: readonly UsageRecord[]) => void
  readonly onDone: (run: ReplyRun, calls: readonly RequestedCall[]) => void
  readonly onFailed: (error: CallError) => void
}

/**
 * To be said as it stands, or to be written by the model as an answer to the conversation as it is then. `rest`: of a
 * reply that was broken off, which the caller's next words take the place of; null where the model has to write it.
 */
type Waiting =
  | { readonly text: string }
  | { readonly utteranceId: string | null }
  | { readonly rest: string | null }

/** One reply at a time, none begun while the caller speaks, and one made ahead for a turn that may be over. */
export class ReplyQueue {
  readonly #options: ReplyQueueOptions
  readonly #spoken = new Map<string, ReplyRun>()
  #waiting: Waiting[] = []
  #current: ReplyRun | null = null
  /** What each was begun for; an answer made ahead for its utterance. */
  readonly #asked = new WeakMap<ReplyRun, Waiting>()
  #ahead: { readonly run: ReplyRun; readonly callerText: string } | null = null
  #callerSpeaks = false

  constructor(options: ReplyQueueOptions) {
    this.#options = options
  }

  spokenOf(replyId: string): SpokenText | null {
    return this.#spoken.get(replyId)?.spoken ?? null
  }

  say(text: string): void {
    this.#waiting.push({ text })
    this.#next()
  }

  /** The rest of a reply that was broken off for nothing, unless an answer has begun since, or is about to. */
  goOn({ unsaid }: ReplyRun): void {
    if (unsaid !== null && unsaid.trim() === '') return
    this.#waiting = this.#waiting.filter((waiting) => !('rest' in waiting))
    if (this.#current || this.#waiting.some((waiting) => 'utteranceId' in waiting)) return
    this.#waiting.unshift({ rest: unsaid })
    this.#next()
  }

  /** Asked for several times before it begins, it is one answer. `callerText`: what may have been answered ahead. */
  answer(utteranceId: string | null, callerText?: string): void {
    const ahead = this.#ahead
    this.#waiting = this.#waiting.filter((waiting) => 'text' in waiting)
    if (ahead && ahead.callerText === callerText && !this.#current) {
      this.#ahead = null
      this.#current = ahead.run
      ahead.run.utteranceId = utteranceId
      ahead.run.release()
      return
    }
    this.dropSpeculation()
    this.#waiting.push({ utteranceId })
    this.#next()
  }

  /** The caller may have finished with these words: answers them, for nobody to hear yet. */
  speculate(callerText: string): void {
    if (this.#ahead?.callerText === callerText || this.#current) return
    this.dropSpeculation()
    const run = this.#create((signal) => this.#options.write(callerText, signal), true)
    this.#ahead = { run, callerText }
    run.start()
  }

  dropSpeculation(): void {
    this.#ahead?.run.cancel()
    this.#ahead = null
  }

  /** While the caller speaks nothing begins, and what has not begun yet begins later. */
  callerSpeaks(speaks: boolean): void {
    this.#callerSpeaks = speaks
    if (!speaks) return this.#next()
    const current = this.#current
    if (!current || current.begun) return
    this.#current = null
    current.cancel()
    this.#waiting.unshift(this.#asked.get(current) ?? { utteranceId: current.utteranceId })
  }

  /**
   * Ends what is being said. What waits is still to come: this may be noise, and the answer to words takes its place.
   * Returns the reply that was cut.
   */
  interrupt(): ReplyRun | null {
    return this.#cutCurrent()
  }

  /** Nothing is to be said to this utterance. Returns the reply that did. */
  dismiss(utteranceId: string): ReplyRun | null {
    this.#waiting = this.#waiting.filter(
      (waiting) => !('utteranceId' in waiting) || waiting.utteranceId !== utteranceId
    )
    return this.#current?.utteranceId === utteranceId ? this.#cutCurrent() : null
  }

  /** Ends everything. Returns the reply that was cut. */
  clear(): ReplyRun | null {
    this.dropSpeculation()
    this.#waiting = []
    return this.#cutCurrent()
  }

  #cutCurrent(): ReplyRun | null {
    const current = this.#current
    this.#current = null
    current?.cancel()
    return current
  }

  #next(): void {
    if (this.#current || this.#callerSpeaks) return
    const next = this.#waiting.shift()
    if (!next) return
    this.dropSpeculation()
    this.#current = this.#create(this.#writing(next))
    this.#asked.set(this.#current, next)
    if ('utteranceId' in next) this.#current.utteranceId = next.utteranceId
    this.#current.start()
  }

  #writing(waiting: Waiting): ReplyRun['options']['write'] {
    const { write, writeRest } = this.#options
    if ('text' in waiting) return waiting.text
    if ('rest' in waiting) return waiting.rest ?? writeRest
    return (signal) => write(null, signal)
  }

  #create(write: ReplyRun['options']['write'], held = false): ReplyRun {
    const { apology, onAudio, onText, onUsage, voice } = this.#options
    const run = new ReplyRun({
      id: randomUUID(),
      voice,
      write,
      apology,
      held,
      onText,
      onAudio,
      onUsage,
      onDone: (done, calls) => this.#done(done, calls),
      onFailed: (failed, error) => this.#failed(failed, error)
    })
    this.#spoken.set(run.id, run)
    for (const id of this.#spoken.keys()) {
      if (this.#spoken.size <= REMEMBERED_REPLIES) break
      this.#spoken.delete(id)
    }
    return run
  }

  #done(run: ReplyRun, calls: readonly RequestedCall[]): void {
    if (this.#current === run) this.#current = null
    this.#options.onDone(run, calls)
    this.#next()
  }

  #failed(run: ReplyRun, error: CallError): void {
    if (this.#current === run) this.#options.onFailed(error)
  }
}
