import { type AudioFormat, durationMs } from '../audio/format.ts'

/** Audio of a reply, or its end. */
export type HeldPiece = { replyId: string; payload: Uint8Array } | { replyId: string; done: true }

/** Audio of the agent that waits to be sent, in order, with where its replies end. */
export class HeldAudio {
  readonly #format: AudioFormat
  #pieces: HeldPiece[] = []
  #ms = 0

  constructor(format: AudioFormat) {
    this.#format = format
  }

  get ms(): number {
    return this.#ms
  }

  /** Of which something waits, in order. */
  get replyIds(): string[] {
    return [...new Set(this.#pieces.map(({ replyId }) => replyId))]
  }

  /** Whether the end of this reply waits. */
  ends(replyId: string): boolean {
    return this.#pieces.some((piece) => 'done' in piece && piece.replyId === replyId)
  }

  /** `payload` is kept. */
  hold(replyId: string, payload: Uint8Array): void {
    this.#pieces.push({ replyId, payload })
    this.#ms += durationMs(this.#format, payload.byteLength)
  }

  done(replyId: string): void {
    this.#pieces.push({ replyId, done: true })
  }

  /** Takes everything out. */
  take(): HeldPiece[] {
    const pieces = this.#pieces
    this.#pieces = []
    this.#ms = 0
    return pieces
  }

  /** Takes out what is of certain replies. */
  takeIf(isTaken: (replyId: string) => boolean): HeldPiece[] {
    const taken = new Set(this.replyIds.filter(isTaken))
    const pieces = this.take()
    this.#keep(pieces.filter(({ replyId }) => !taken.has(replyId)))
    return pieces.filter(({ replyId }) => taken.has(replyId))
  }

  /** Drops what is of other replies. */
  keepOnly(replyIds: ReadonlySet<string>): void {
    this.#keep(this.take().filter(({ replyId }) => replyIds.has(replyId)))
  }

  #keep(pieces: readonly HeldPiece[]): void {
    for (const piece of pieces) {
      if ('done' in piece) this.done(piece.replyId)
      else this.hold(piece.replyId, piece.payload)
    }
  }
}
