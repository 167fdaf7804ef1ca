/**
 * Which utterance of the caller the service answers by itself, so that an answer to nothing can be told from what else
 * the agent says. The service answers an utterance as it ends, unless another response is active then.
 */
export class CallerUtterances {
  /** Ended, and about to be answered. */
  #awaiting: string | null = null
  /** Ended while another response was active: the service does not answer it. */
  #unanswered: string | null = null
  readonly #answers = new Map<string, string>()
  readonly #dismissed = new Set<string>()
  /** Replies to something else that came to nothing for an utterance; what they answered, where that was one too. */
  readonly #owed = new Map<string, string | null>()

  stopped(utteranceId: string, responding: boolean): void {
    this.#awaiting = responding ? null : utteranceId
    this.#unanswered = responding ? utteranceId : null
  }

  /** The service began this response by itself. Returns whether it answers an utterance that was dismissed. */
  answered(responseId: string): boolean {
    const utteranceId = this.#awaiting
    this.#awaiting = null
    if (utteranceId === null) return false
    this.#answers.set(responseId, utteranceId)
    return this.#dismissed.has(utteranceId)
  }

  /** This response was cut, unheard, as the utterance began: it is owed where that turns out to be nothing. */
  cutReply(utteranceId: string, responseId: string): void {
    this.#owed.set(utteranceId, this.#answers.get(responseId) ?? null)
  }

  /** This response answers something else besides its utterance. */
  answersMore(responseId: string): void {
    const utteranceId = this.#answers.get(responseId)
    if (utteranceId !== undefined) this.#owed.set(utteranceId, null)
  }

  /** Whether a reply is owed now that this utterance was nothing; asked once. */
  takeOwed(utteranceId: string): boolean {
    const answered = this.#owed.get(utteranceId)
    this.#owed.delete(utteranceId)
    return answered !== undefined && (answered === null || !this.#dismissed.has(answered))
  }

  responseDone(responseId: string): void {
    this.#answers.delete(responseId)
  }

  /** Nothing is to be said to this utterance. */
  dismiss(utteranceId: string): void {
    this.#dismissed.add(utteranceId)
    if (this.#unanswered === utteranceId) this.#unanswered = null
  }

  /** Whether the service began this response by itself, as its answer to this utterance. */
  isAnswer(responseId: string, utteranceId: string | undefined): boolean {
    return utteranceId !== undefined && this.#answers.get(responseId) === utteranceId
  }

  /** Whether an utterance has to be answered that the service left alone; asked once for each. */
  takeUnanswered(): boolean {
    const unanswered = this.#unanswered !== null
    this.#unanswered = null
    return unanswered
  }
}
