import type { DialogueData } from './dialogue-schema.ts'
import { normaliseWords, type PatternScope, patternToRegExp } from './pattern.ts'
import type { Slot } from './slots.ts'

export interface PhraseMatch {
  readonly intent: string
  /** Words of every slot that was said. */
  readonly slots: Readonly<Record<string, string>>
  /** Whether the phrase is all that was said, but for leads and tails. */
  readonly whole: boolean
}

interface Phrase {
  readonly whole: RegExp
  readonly part: RegExp
}

/** A phrase found inside a longer utterance has to be at least this share of its words. */
const MIN_SHARE = 0.5

/** The phrases of a dialogue, ready to be found in what was recognised. */
export class PhraseBook {
  readonly #intents: ReadonlyMap<string, readonly Phrase[]>
  readonly #answers: ReadonlyMap<string, readonly Phrase[]>

  /** Throws on a phrase that can't be read or that names what doesn't exist. */
  constructor(data: DialogueData, slots: ReadonlyMap<string, Slot>) {
    const scope = patternScope(data, slots)
    const around = (patterns: readonly string[] = []) =>
      `(?:${patterns.map((pattern) => patternToRegExp(pattern, scope)).join('|')})*`
    const compile = (pattern: string): Phrase => {
      const source = patternToRegExp(pattern, scope)
      return {
        whole: new RegExp(`^${around(data.leads)}(?:${source})${around(data.tails)}$`),
        part: new RegExp(`(?<=^| )(?:${source})`)
      }
    }
    this.#intents = new Map(
      Object.entries(data.intents).map(([name, intent]) => [name, intent.phrases.map(compile)])
    )
    this.#answers = new Map(
      Object.entries(data.slots).map(([name, slot]) => [name, slot.answers.map(compile)])
    )
  }

  /** The intent whose phrase covers most of the text; the first of equals. */
  findIntent(text: string): PhraseMatch | null {
    const words = normaliseWords(text)
    let best: PhraseMatch | null = null
    let bestLength = words.length * MIN_SHARE
    for (const [intent, phrases] of this.#intents) {
      for (const phrase of phrases) {
        const whole = phrase.whole.exec(words)
        if (whole) return { intent, slots: groupsOf(whole), whole: true }
        const part = phrase.part.exec(words)
        if (!part || part[0].length <= bestLength) continue
        bestLength = part[0].length
        best = { intent, slots: groupsOf(part), whole: false }
      }
    }
    return best
  }

  /** The slots given by a text that is, as a whole, an answer to the question for this slot. */
  findAnswer(slot: string, text: string): Readonly<Record<string, string>> | null {
    const words = normaliseWords(text)
    for (const phrase of this.#answers.get(slot) ?? []) {
      const match = phrase.whole.exec(words)
      if (match) return groupsOf(match)
    }
    return null
  }
}

function patternScope(data: DialogueData, slots: ReadonlyMap<string, Slot>): PatternScope {
  return {
    slot(name) {
      const slot = slots.get(name)
      if (!slot) throw new Error(`there is no slot {${name}}`)
      return slot.pattern
    },
    fragment(name) {
      const fragment = data.fragments?.[name]
      if (fragment === undefined) throw new Error(`there is no fragment <${name}>`)
      return fragment
    }
  }
}

function groupsOf(match: RegExpExecArray): Readonly<Record<string, string>> {
  const said = Object.entries(match.groups ?? {}).filter(([, words]) => words !== undefined)
  return Object.fromEntries(said.map(([name, words]) => [name, words.trim()]))
}
