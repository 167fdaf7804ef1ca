import type { ServerEvent, ServerTurn } from './call-events.ts'

export interface LoggedTurn extends ServerTurn {
  /** The phone's utterance that the turn began with, counted from 0; null for the greeting and where nobody spoke. */
  readonly utterance: number | null
}

/** Keeps what the server tells of one call. */
export class CallLog {
  endReason: string | null = null
  durationMs: number | null = null
  readonly #turns = new Map<number, ServerTurn>()
  readonly #utterances = new Map<number, number>()

  /** `utterance`: the phone's latest, counted from 0; -1 before the first. */
  take(event: ServerEvent, utterance: number): void {
    switch (event.type) {
      case 'transcript': {
        // The reply's text comes when the reply does: after the utterance it answers, and before the next.
        const { turnIndex } = event.payload
        if (!this.#utterances.has(turnIndex)) this.#utterances.set(turnIndex, utterance)
        return
      }
      case 'turn.completed':
        this.#turns.set(event.payload.turn.turnIndex, event.payload.turn)
        return
      case 'call.ended':
        this.endReason = event.payload.reason
        this.durationMs = event.payload.durationMs
    }
  }

  /** In order. */
  get turns(): LoggedTurn[] {
    return [...this.#turns.values()]
      .sort((a, b) => a.turnIndex - b.turnIndex)
      .map((turn) => ({ ...turn, utterance: this.#utteranceOf(turn) }))
  }

  #utteranceOf({ turnIndex, caller }: ServerTurn): number | null {
    const utterance = this.#utterances.get(turnIndex) ?? -1
    return caller === null || utterance < 0 ? null : utterance
  }
}
