import { type AudioFormat, bytesPerMs, durationMs, PCM16_16K } from '../../../audio/format.ts'
import { createTranscoder, type Transcoder } from '../../../audio/transcoder.ts'
import { splitClauses } from '../../speech/clauses.ts'
import type { LocalSpeech, SynthesisOptions } from '../../speech/local-speech.ts'

export interface SpokenReply {
  readonly id: string
  readonly text: string
  /** Runs after the reply's last audio, unless it is cancelled. */
  readonly afterwards: () => void
  /** Whether its turn comes even if the reply before it is cut. */
  readonly inTurn?: boolean
}

export interface ReplySpeakerOptions {
  readonly speech: Pick<LocalSpeech, 'synthesise'>
  readonly voice: SynthesisOptions['voice']
  /** How much longer than normal each clause takes. */
  readonly stretch: () => number
  /** What `onAudio` gets. */
  readonly format: AudioFormat
  readonly onText: (replyId: string, delta: string) => void
  /** The payload is valid during the call only. */
  readonly onAudio: (replyId: string, payload: Uint8Array) => void
  /** Also of a cancelled reply, if anything of it came. */
  readonly onDone: (replyId: string) => void
  readonly onSynthesised: (characters: number) => void
  readonly onFailed: () => void
}

/** Audio is handed on in pieces of this length, so that it can be accounted for finely. */
const PIECE_MS = 200

interface Progress {
  readonly reply: SpokenReply
  /** Clauses of which nothing has been handed on. */
  readonly rest: string[]
  begun: boolean
  audioMs: number
}

/** Speaks replies one after the other, each clause made while the one before is handed on; nothing is paced. */
export class ReplySpeaker {
  readonly #options: ReplySpeakerOptions
  readonly #transcoder: Transcoder
  #waiting: SpokenReply[] = []
  #current: Progress | null = null
  #finished: Progress | null = null

  constructor(options: ReplySpeakerOptions) {
    this.#options = options
    this.#transcoder = createTranscoder(PCM16_16K, options.format)
  }

  /** Whether a reply is under way of which nothing has been handed on. */
  get unbegun(): boolean {
    return this.#current?.begun === false
  }

  /** Milliseconds of the last reply that was made to its end; null for another one. */
  lengthOf(replyId: string): number | null {
    return this.#finished?.reply.id === replyId ? this.#finished.audioMs : null
  }

  speak(reply: SpokenReply): void {
    this.#waiting.push(reply)
    if (!this.#current) this.#next()
  }

  /** Drops what is being made and what waits. Returns the reply that was cut, what of it was not handed on, and what waited. */
  cancel(): { reply: SpokenReply; begun: boolean; rest: string; waiting: readonly SpokenReply[] } | null {
    const cut = this.#current
    const waiting = this.#waiting
    this.#waiting = []
    this.#current = null
    this.#transcoder.reset()
    if (!cut) return null
    if (cut.begun) this.#options.onDone(cut.reply.id)
    return { reply: cut.reply, begun: cut.begun, rest: cut.rest.join(' '), waiting }
  }

  #next(): void {
    const reply = this.#waiting.shift()
    if (!reply) return
    this.#current = { reply, rest: splitClauses(reply.text), begun: false, audioMs: 0 }
    this.#speak(this.#current).catch(this.#options.onFailed)
  }

  async #speak(progress: Progress): Promise<void> {
    let ahead = this.#synthesise(progress.rest[0])
    for (let clause = progress.rest[0]; clause !== undefined; clause = progress.rest[0]) {
      const pcm = await ahead
      if (this.#current !== progress) return
      progress.rest.shift()
      ahead = this.#synthesise(progress.rest[0])
      if (pcm) this.#handOn(progress, clause, pcm)
      if (this.#current !== progress) return
    }
    this.#finish(progress)
  }

  #handOn(progress: Progress, clause: string, pcm: Int16Array): void {
    this.#options.onText(progress.reply.id, progress.begun ? ` ${clause}` : clause)
    progress.begun = true
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
    this.#emit(progress, this.#transcoder.push(bytes))
  }

  #emit(progress: Progress, payload: Uint8Array): void {
    const { format, onAudio } = this.#options
    const pieceBytes = PIECE_MS * bytesPerMs(format)
    for (let at = 0; at < payload.length && this.#current === progress; at += pieceBytes) {
      const piece = payload.subarray(at, at + pieceBytes)
      progress.audioMs += durationMs(format, piece.length)
      onAudio(progress.reply.id, piece)
    }
  }

  #finish(progress: Progress): void {
    this.#emit(progress, this.#transcoder.flush())
    if (this.#current !== progress) return
    this.#current = null
    this.#finished = progress
    if (progress.begun) this.#options.onDone(progress.reply.id)
    progress.reply.afterwards()
    if (!this.#current) this.#next()
  }

  /** Never rejects: a clause that can't be said is left out. */
  async #synthesise(clause: string | undefined): Promise<Int16Array | null> {
    if (clause === undefined) return null
    const { speech, voice, stretch, onSynthesised, onFailed } = this.#options
    try {
      const pcm = await speech.synthesise(clause, { voice, stretch: stretch() })
      onSynthesised(clause.length)
      return pcm
    } catch {
      onFailed()
      return null
    }
  }
}
