import { acknowledgementsOf } from './acknowledgements.ts'
import type { InterruptionPolicy } from './contracts/agent-profile.ts'

/** Speech over the agent's voice that is shorter than this may be an acknowledgement: the answer waits for its words. */
const SHORT_SPEECH_MS = 1000

/**
 * - `none`: nothing to do;
 * - `interrupt`: the caller takes the floor: the agent stops at once;
 * - `wait`: not yet; ask again after `minSpeechMs`, and with the words;
 * - `ignore`: this utterance wants no answer; another of the same stretch of speech decides;
 * - `keep`: the agent keeps the floor: it was not stopped, and what the caller said wants no answer;
 * - `resume`: the agent was stopped for nothing, and goes on from the first word not heard.
 */
export type TurnDecision = 'none' | 'interrupt' | 'wait' | 'ignore' | 'keep' | 'resume'

interface Overlap {
  /** Whose words are not known yet; the last one may be going on. */
  readonly utteranceIds: Set<string>
  readonly startedAt: number
  stoppedAt: number | null
  /** Whether the agent was stopped for it. */
  interrupted: boolean
}

/**
 * Decides who has the floor when the caller speaks over the agent. It answers questions and acts on nothing.
 *
 * By default the caller takes the floor at once, and gives it back where the speech turns out to have been nothing or
 * a mere acknowledgement. With `minSpeechMs` or `minWords` the agent is only stopped once these are reached. Utterances
 * that follow each other before this is decided are one stretch of speech: the words of any can take the floor, and
 * only all of them give it back.
 */
export class TurnTaking {
  readonly #policy: InterruptionPolicy
  readonly #acknowledgements: ReadonlySet<string>
  #overlap: Overlap | null = null

  constructor(policy: InterruptionPolicy, language: string) {
    this.#policy = policy
    this.#acknowledgements = new Set((policy.acknowledgements ?? acknowledgementsOf(language)).map(normalise))
  }

  /** Whether the agent was stopped, and it is not known yet what for. */
  get unsettled(): boolean {
    return this.#overlap?.interrupted ?? false
  }

  /** Whether the agent speaks on until the words of an utterance that has ended are there. */
  get undecided(): boolean {
    return this.#overlap !== null && !this.#overlap.interrupted && this.#overlap.stoppedAt !== null
  }

  /** Utterances over the agent's voice whose words are not known yet, in order. */
  get wordless(): readonly string[] {
    return [...(this.#overlap?.utteranceIds ?? [])]
  }

  /** The caller began to speak. `audible`: while hearing the agent. */
  speechStarted(utteranceId: string, audible: boolean, now: number): TurnDecision {
    const before = this.#overlap
    if (before && (before.interrupted || !audible)) {
      // Still the same stretch of speech, or noise, that the agent was stopped for: its words decide.
      before.utteranceIds.add(utteranceId)
      before.stoppedAt = null
      return 'none'
    }
    if (!audible) return 'none'
    const immediate = this.#policy.minSpeechMs <= 0 && this.#policy.minWords <= 0
    const utteranceIds = new Set([...this.wordless, utteranceId])
    this.#overlap = { utteranceIds, startedAt: now, stoppedAt: null, interrupted: immediate }
    return immediate ? 'interrupt' : 'wait'
  }

  /** `minSpeechMs` have passed since the speech began. */
  minimumReached(utteranceId: string): TurnDecision {
    const overlap = this.#overlap
    if (!overlap?.utteranceIds.has(utteranceId) || overlap.interrupted || overlap.stoppedAt !== null)
      return 'none'
    if (this.#policy.minWords > 0) return 'wait'
    overlap.interrupted = true
    return 'interrupt'
  }

  speechStopped(utteranceId: string, now: number): void {
    if (this.#overlap?.utteranceIds.has(utteranceId)) this.#overlap.stoppedAt = now
  }

  /**
   * What the caller said, whole. Empty: nothing that has words, or none that came in time. `audible`: while hearing the
   * agent still; once it has finished, few words are as good as many.
   */
  words(utteranceId: string, text: string, audible: boolean): TurnDecision {
    const overlap = this.#overlap
    if (!overlap?.utteranceIds.delete(utteranceId)) return 'none'
    if (this.takesTheFloor(text, audible)) {
      this.#overlap = null
      return overlap.interrupted || !audible ? 'none' : 'interrupt'
    }
    const givesBack = !overlap.interrupted || this.#policy.resume
    if (overlap.utteranceIds.size > 0) return givesBack ? 'ignore' : 'none'
    this.#overlap = null
    if (!overlap.interrupted) return 'keep'
    return givesBack ? 'resume' : 'none'
  }

  /** Whether these words, of speech over the agent's voice where it is `audible`, are the caller's turn. */
  takesTheFloor(text: string, audible: boolean): boolean {
    const words = normalise(text)
    if (words === '' || this.#onlyAcknowledges(words)) return false
    return words.split(' ').length >= (audible ? this.#policy.minWords : 0)
  }

  /** "Uh-huh, okay": one of them, or several. */
  #onlyAcknowledges(words: string): boolean {
    const text = `${words} `
    /** Where one of them ends, and another may begin. */
    const starts = new Set([0])
    for (const start of starts)
      for (const each of this.#acknowledgements)
        if (each !== '' && text.startsWith(`${each} `, start)) starts.add(start + each.length + 1)
    return starts.has(text.length)
  }

  /** The engine answers: whether the answer has to wait for the words, since they may be none. */
  answerWaits(): boolean {
    const overlap = this.#overlap
    if (!overlap?.interrupted || overlap.stoppedAt === null || !this.#policy.resume) return false
    return overlap.stoppedAt - overlap.startedAt < SHORT_SPEECH_MS
  }

  /** The floor is the caller's for good: what the engine answers is heard. */
  settle(): void {
    this.#overlap = null
  }
}

/** Lower case words, without punctuation: "Uh-huh, okay." is "uh huh okay", and "D’accord" is "d'accord". */
function normalise(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll('’', "'")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim()
}
