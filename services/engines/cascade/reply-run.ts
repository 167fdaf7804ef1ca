import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { CallError } from '../../../sessions/errors.ts'
import type { AgentVoice, VoicedText } from './agent-voice.ts'
import type { RequestedCall } from './chat-model.ts'
import { ClauseCutter } from './clause-cutter.ts'
import type { WrittenPiece } from './reply-writer.ts'
import { SpokenText } from './spoken-text.ts'

export interface ReplyRunOptions {
  readonly id: string
  readonly voice: AgentVoice
  /** What is said: as the model writes it, or as it stands. */
  readonly write: ((signal: AbortSignal) => AsyncIterable<WrittenPiece>) | string
  readonly apology: string
  /** Nothing is handed on before `release`. */
  readonly held?: boolean
  readonly onText: (run: ReplyRun, delta: string) => void
  readonly onAudio: (run: ReplyRun, payload: Uint8Array) => void
  readonly onUsage: (records: readonly UsageRecord[]) => void
  /** Everything has been handed on. Not after `cancel`. */
  readonly onDone: (run: ReplyRun, calls: readonly RequestedCall[]) => void
  /** No model writes any more. Not after `cancel`. */
  readonly onFailed: (run: ReplyRun, error: CallError) => void
}

/** One reply on its way from the model through the voice: each clause is said while the next one is written. */
export class ReplyRun {
  readonly options: ReplyRunOptions
  /** The utterance that it answers; null of none. */
  utteranceId: string | null = null
  readonly #abort = new AbortController()
  readonly #cutter = new ClauseCutter()
  #voiced: VoicedText | null = null
  #calls: readonly RequestedCall[] = []
  #held: boolean
  #waiting: (() => void)[] = []
  #begun = false
  #written = false
  #apologised = false

  constructor(options: ReplyRunOptions) {
    this.options = options
    this.#held = options.held ?? false
  }

  get id(): string {
    return this.options.id
  }

  /** Whether any of it has been handed on. */
  get begun(): boolean {
    return this.#begun
  }

  get over(): boolean {
    return this.#abort.signal.aborted
  }

  /** What of it has been voiced. */
  get spoken(): SpokenText {
    return this.#voiced?.spoken ?? new SpokenText()
  }

  /** What of it has not been voiced, word for word; null where the model was still at it, or called tools. */
  get unsaid(): string | null {
    return this.#written && this.#calls.length === 0 ? this.spoken.unvoiced : null
  }

  start(): void {
    const { write } = this.options
    if (typeof write === 'string') {
      this.#say(write)
      this.#finish()
    } else void this.#follow(write(this.#abort.signal))
  }

  /** It is to be heard. */
  release(): void {
    this.#held = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const hand of waiting) if (!this.over) hand()
  }

  cancel(): void {
    if (this.over) return
    this.#abort.abort()
    this.#voiced?.cancel()
  }

  async #follow(pieces: AsyncIterable<WrittenPiece>): Promise<void> {
    try {
      for await (const piece of pieces) {
        if (this.over) return
        this.#take(piece)
      }
      if (this.over) return
      this.#say(this.#cutter.flush())
      this.#finish()
    } catch (error) {
      if (!this.over) this.#hand(() => this.options.onFailed(this, error as CallError))
    }
  }

  #take(piece: WrittenPiece): void {
    if (piece.type === 'text') for (const clause of this.#cutter.push(piece.text)) this.#say(clause)
    else if (piece.type === 'calls') this.#calls = piece.calls
    else if (piece.type === 'usage') this.options.onUsage(piece.records)
    else this.#apologise()
  }

  /** The caller waits for words that were not written in time. */
  #apologise(): void {
    if (this.#apologised) return
    this.#apologised = true
    const rest = this.#cutter.flush()
    const blank = this.#voiced || rest !== '' ? ' ' : ''
    this.#say(`${rest}${blank}${this.options.apology} `)
  }

  #say(clause: string): void {
    const text = speakable(clause)
    if (text.trim() === '') return
    this.#voiced ??= this.options.voice.begin({
      text: (delta) => this.#hand(() => this.options.onText(this, delta)),
      audio: (payload) => this.#handAudio(payload),
      done: () => this.#hand(() => this.#done())
    })
    this.#voiced.push(text)
  }

  #finish(): void {
    this.#written = true
    if (this.#voiced) this.#voiced.finish()
    else this.#hand(() => this.#done())
  }

  #done(): void {
    this.#abort.abort()
    this.options.onDone(this, this.#calls)
  }

  #handAudio(payload: Uint8Array): void {
    const kept = this.#held ? Buffer.from(payload) : payload
    this.#hand(() => {
      this.#begun = true
      this.options.onAudio(this, kept)
    })
  }

  #hand(action: () => void): void {
    if (this.over) return
    if (this.#held) this.#waiting.push(action)
    else action()
  }
}

/** Without the marks of written text, which a voice would read out. */
function speakable(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*{1,3}|`{1,3})([^*`]+)\1/g, '$2')
    .replace(/^\s*(?:[*-]|#{1,6})\s+/gm, '')
}
