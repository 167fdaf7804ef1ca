import type { ConversationItem } from 'openai/resources/realtime/realtime'

/** Where a delta belongs. */
export interface DeltaSource {
  readonly item_id: string
  readonly response_id: string
}

interface Reply {
  readonly responseId: string
  receivedBytes: number
  done: boolean
}

/** What came of each reply, and which responses were cut: nothing that still comes of those is heard. A reply is one spoken item. */
export class AgentReplies {
  readonly #replies = new Map<string, Reply>()
  readonly #cutResponses = new Set<string>()
  /** Those of which something came after they were cut. */
  readonly #shortened = new Set<string>()

  /** Whether what comes from there is to be heard; it then counts as begun. */
  accepts({ item_id, response_id }: DeltaSource): boolean {
    if (this.#cutResponses.has(response_id)) {
      this.#shortened.add(response_id)
      return false
    }
    const reply = this.#replies.get(item_id)
    if (!reply) this.#replies.set(item_id, { responseId: response_id, receivedBytes: 0, done: false })
    return !reply?.done
  }

  received(replyId: string, bytes: number): void {
    const reply = this.#replies.get(replyId)
    if (reply) reply.receivedBytes += bytes
  }

  receivedBytes(replyId: string): number {
    return this.#replies.get(replyId)?.receivedBytes ?? 0
  }

  /** Whether anything of this response was audible. */
  spoke(responseId: string): boolean {
    for (const reply of this.#replies.values()) {
      if (reply.responseId === responseId && reply.receivedBytes > 0) return true
    }
    return false
  }

  /** False where it was cut before. */
  cut(responseId: string): boolean {
    if (this.#cutResponses.has(responseId)) return false
    this.#cutResponses.add(responseId)
    return true
  }

  wasCut(responseId: string): boolean {
    return this.#cutResponses.has(responseId)
  }

  isOf(replyId: string, responseId: string): boolean {
    return this.#replies.get(replyId)?.responseId === responseId
  }

  /** Whether some of this response, cut as it was, came too late to be heard. */
  wasShortened(responseId: string): boolean {
    return this.#shortened.has(responseId)
  }

  has(replyId: string): boolean {
    return this.#replies.has(replyId)
  }

  /** Whether the reply ends now: it had begun, and not ended before. */
  finish(replyId: string): boolean {
    const reply = this.#replies.get(replyId)
    if (!reply || reply.done) return false
    reply.done = true
    return true
  }

  /** Replies of this response that have not ended. */
  unfinished(responseId: string): string[] {
    return [...this.#replies]
      .filter(([, reply]) => reply.responseId === responseId && !reply.done)
      .map(([replyId]) => replyId)
  }

  /** Spoken items of a response that was cut before their first audio came: in nobody's ear. */
  unheard(responseId: string, output: readonly ConversationItem[]): string[] {
    if (!this.#cutResponses.has(responseId)) return []
    return output
      .filter((item) => item.type === 'message')
      .map((item) => item.id ?? '')
      .filter((id) => id !== '' && this.receivedBytes(id) === 0)
  }
}
