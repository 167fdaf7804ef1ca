import type { HeardReply } from '../../sessions/contracts/agent-engine.ts'
import { heardPart } from './cascade/spoken-text.ts'

/** What was said and heard, for an engine that goes on with the conversation. */
export interface PastTurn {
  readonly speaker: 'caller' | 'agent' | 'note'
  readonly text: string
}

interface Entry {
  readonly speaker: PastTurn['speaker']
  /** Of the utterance or the reply. */
  readonly id: string
  text: string
}

/** The conversation as it went, whichever engine led it. */
export class PastTurns {
  readonly #entries: Entry[] = []

  get turns(): PastTurn[] {
    return this.#entries
      .filter(({ text }) => text.trim() !== '')
      .map(({ speaker, text }) => ({ speaker, text: text.trim() }))
  }

  /** The caller has spoken; the words come later, maybe after the answer. */
  callerSpoke(id: string): void {
    this.#entries.push({ speaker: 'caller', id, text: '' })
  }

  callerSaid(id: string, text: string): void {
    const entry = this.#entries.findLast((each) => each.speaker === 'caller' && each.id === id)
    if (entry) entry.text = text
    else this.#entries.push({ speaker: 'caller', id, text })
  }

  agentSaid(id: string, delta: string): void {
    const last = this.#entries.findLast(
      (entry) => entry.speaker === 'agent' && (id === '' || entry.id === id)
    )
    if (last) last.text += id === '' ? ` ${delta}` : delta
    else this.#entries.push({ speaker: 'agent', id, text: delta })
  }

  noted(text: string): void {
    this.#entries.push({ speaker: 'note', id: '', text })
  }

  /** The caller cut this reply. */
  cut({ heardMs, receivedMs, replyId }: HeardReply): void {
    const entry = this.#entries.findLast(({ id }) => id === replyId)
    if (entry) entry.text = heardPart(entry.text, heardMs, receivedMs)
  }

  dismissed(utteranceId: string): void {
    const index = this.#entries.findLastIndex(({ id }) => id === utteranceId)
    if (index >= 0) this.#entries.splice(index, 1)
  }
}
