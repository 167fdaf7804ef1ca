/**
 * Which utterance of the caller the service answers by itself, so that an answer to nothing can be told from what else
 * the agent says. The service answers an utterance as it ends, unless another response is active then.
 */
export class CallerUtterances {
  /** The last one that began, and when each began after the others. */
  #latest = ''
  readonly #places = new Map<string, number>()
  /** The last one that ended. */
  #ended = ''
  /** Ended, and about to be answered. */
  #awaiting: string | null = null
  /** Ended while another response was active: the service does not answer them by itself. */
  readonly #unanswered = new Set<string>()
  /** An answer was given up with an utterance that was dismissed: it may have been one to words before it as well. */
  #lost = false
  readonly #answers = new Map<string, string>()
  /** The last utterance before each response that was asked for to go on with the conversation. */
  readonly #continued = new Map<string, string>()
  readonly #dismissed = new Set<string>()
  /** What is unanswered for the sake of an utterance: earlier ones, and null for what is none. */
  readonly #owed = new Map<string, Set<string | null>>()

  started(utteranceId: string): void {
    this.#latest = utteranceId
    this.#places.set(utteranceId, this.#places.size)
  }

  stopped(utteranceId: string, responding: boolean): void {
    this.#ended = utteranceId
    this.#awaiting = responding ? null : utteranceId
    if (responding) this.#unanswered.add(utteranceId)
    else this.#unanswered.clear()
  }

  /** The service began this response by itself. Returns whether it answers an utterance that was dismissed. */
  answered(responseId: string): boolean {
    const utteranceId = this.#awaiting
    this.#awaiting = null
    if (utteranceId === null) return false
    this.#answers.set(responseId, utteranceId)
    this.#lost = this.#dismissed.has(utteranceId)
    return this.#lost
  }

  /** This response was asked for: it answers all that was said before. */
  continued(responseId: string): void {
    this.#continued.set(responseId, this.#ended)
  }

  /** This response was cut, unheard, for the utterance that began last: it is owed where that turns out to be nothing. */
  cutReply(responseId: string): void {
    const answered = this.#answers.get(responseId) ?? null
    this.#owe(this.#latest, answered)
    if (answered === null) return
    // It answered as well what had been cut for its own utterance.
    for (const earlier of this.#owed.get(answered) ?? []) this.#owe(this.#latest, earlier)
    this.#owed.delete(answered)
  }

  /** Something is left unsaid for the utterance that began last: it is owed where that turns out to be nothing. */
  leftUnsaid(): void {
    this.#owe(this.#latest, null)
  }

  /** This response answers something else besides its utterance. */
  answersMore(responseId: string): void {
    const utteranceId = this.#answers.get(responseId)
    if (utteranceId !== undefined) this.#owe(utteranceId, null)
  }

  /** Whether a reply is owed now that this utterance was nothing; asked once. */
  takeOwed(utteranceId: string): boolean {
    const owed = [...(this.#owed.get(utteranceId) ?? [])]
    this.#owed.delete(utteranceId)
    return owed.some((answered) => answered === null || !this.#dismissed.has(answered))
  }

  responseDone(responseId: string): void {
    this.#answers.delete(responseId)
    this.#continued.delete(responseId)
  }

  /** Nothing is to be said to this utterance. */
  dismiss(utteranceId: string): void {
    this.#dismissed.add(utteranceId)
    this.#unanswered.delete(utteranceId)
  }

  /** The answer to the utterance that was dismissed is given up, or asked for in another way. */
  answerGivenUp(isLost: boolean): void {
    this.#lost = isLost
  }

  /** Whether the utterance was dismissed; it no longer is. */
  takeDismissed(utteranceId: string): boolean {
    return this.#dismissed.delete(utteranceId)
  }

  /** Whether the service began this response by itself, as its answer to this utterance. */
  answers(responseId: string, utteranceId: string): boolean {
    return this.#answers.get(responseId) === utteranceId
  }

  /** Whether it answers this utterance or one after it, since a response answers all that was said. */
  answersSince(responseId: string, utteranceId: string | undefined): boolean {
    const answered = this.#answers.get(responseId) ?? this.#continued.get(responseId)
    if (utteranceId === undefined || answered === undefined) return false
    return (this.#places.get(answered) ?? -1) >= (this.#places.get(utteranceId) ?? 0)
  }

  /** Whether an answer was given up that may be wanted after all; asked once. */
  takeLost(): boolean {
    const lost = this.#lost
    this.#lost = false
    return lost
  }

  /** Whether utterances have to be answered that the service left alone; asked once for each. */
  takeUnanswered(): boolean {
    const unanswered = this.#unanswered.size > 0
    this.#unanswered.clear()
    return unanswered
  }

  #owe(utteranceId: string, answered: string | null): void {
    const owed = this.#owed.get(utteranceId) ?? new Set()
    this.#owed.set(utteranceId, owed.add(answered))
  }
}
