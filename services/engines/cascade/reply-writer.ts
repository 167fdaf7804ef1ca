import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { ChatModel, ChatPiece, ChatRequest } from './chat-model.ts'

/** A model that has not said anything for this long says nothing any more. */
const TOKEN_DEADLINE_MS = 3000

/** `failing`: what was written stands, the rest is being asked for again, and the caller is waiting. */
export type WrittenPiece = ChatPiece | { readonly type: 'failing' }

export interface ReplyWriterOptions {
  /** In the order in which they are tried. At least one. */
  readonly models: readonly ChatModel[]
  readonly clock: Clock
  readonly onTrouble: (code: string) => void
}

/** Has a model write the reply: one that fails is asked once more at once, then the next one. */
export class ReplyWriter {
  readonly #options: ReplyWriterOptions
  /** The one that answered last. */
  #index = 0

  constructor(options: ReplyWriterOptions) {
    this.#options = options
  }

  warm(): void {
    this.#options.models[this.#index].warm()
  }

  /**
   * `request` is asked again for each attempt, with the words written so far. Throws a CallError where no model
   * answers, or what `signal` aborts with.
   */
  async *write(request: (written: string) => ChatRequest, signal: AbortSignal): AsyncGenerator<WrittenPiece> {
    let written = ''
    let tries = 0
    for (;;) {
      const model = this.#options.models[this.#index]
      try {
        for await (const piece of this.#watched(model, request(written), signal)) {
          if (piece.type === 'text') written += piece.text
          yield piece
        }
        return
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const failure = error as CallError
        this.#options.onTrouble(`llm_${failure.detail ?? 'failed'}`)
        tries += 1
        const again = failure.retryable && tries === 1
        if (!again && !this.#nextModel()) throw failure
        if (!again) tries = 0
        yield { type: 'failing' }
      }
    }
  }

  #nextModel(): boolean {
    if (this.#index + 1 >= this.#options.models.length) return false
    this.#index += 1
    return true
  }

  async *#watched(model: ChatModel, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPiece> {
    const stall = new AbortController()
    const pieces = model.stream(request, AbortSignal.any([signal, stall.signal]))[Symbol.asyncIterator]()
    try {
      for (;;) {
        const cancel = this.#options.clock.after(TOKEN_DEADLINE_MS, () => stall.abort(stalled()))
        const next = await pieces.next().finally(cancel)
        if (next.done) return
        yield next.value
      }
    } finally {
      // What is left is not waited for: a stalled stream would hold the caller.
      stall.abort(stalled())
      pieces.return?.().catch(() => {})
    }
  }
}

function stalled(): CallError {
  return new CallError('ENGINE_UNAVAILABLE', 'No token came from the model', {
    retryable: true,
    detail: 'stalled'
  })
}
