/** Of speech at an ordinary pace, until it is known better. */
const MS_PER_CHARACTER = 65

/**
 * What of a text has been voiced, by the audio that has come. Services tell no word timings: words are told in
 * proportion of time, and to the letter where the service says that it has voiced everything.
 */
export class SpokenText {
  #text = ''
  #toldCharacters = 0
  /** Up to where it is known, not reckoned. */
  #knownCharacters = 0
  #knownMs = 0
  #ms = 0

  push(text: string): void {
    this.#text += text
  }

  /** Everything that was told so far. */
  get told(): string {
    return this.#text.slice(0, this.#toldCharacters)
  }

  get rest(): string {
    return this.#text.slice(this.#toldCharacters)
  }

  /** The same, but for the word that is under way, which is here again: half of it is none. */
  get unvoiced(): string {
    return this.#text.slice(wordEnd(this.#text, this.#reach, false))
  }

  /** Milliseconds of audio so far. */
  get ms(): number {
    return this.#ms
  }

  /** So much audio has come. Returns the words that it brought. */
  audio(ms: number): string {
    this.#ms += ms
    return this.#tell(wordEnd(this.#text, this.#reach))
  }

  /** All text has been voiced. Returns the words that had not been told. */
  voiced(): string {
    this.#knownCharacters = this.#text.length
    this.#knownMs = this.#ms
    return this.#tell(this.#text.length)
  }

  /** What was not voiced is said anew, after this. Returns it with that. */
  restart(prefix: string): string {
    const rest = prefix + this.rest
    this.#text = this.told + rest
    this.#knownCharacters = this.#toldCharacters
    this.#knownMs = this.#ms
    return rest
  }

  /** The words that were heard after so much of the audio that came. */
  heard(heardMs: number, receivedMs: number): string {
    return heardPart(this.told, heardMs, receivedMs)
  }

  /** Characters that the audio so far stands for. */
  get #reach(): number {
    const pace = this.#knownCharacters > 20 ? this.#knownMs / this.#knownCharacters : MS_PER_CHARACTER
    return this.#knownCharacters + (this.#ms - this.#knownMs) / pace
  }

  #tell(end: number): string {
    const from = this.#toldCharacters
    this.#toldCharacters = Math.max(from, end)
    return this.#text.slice(from, this.#toldCharacters)
  }
}

/** Whole words, in proportion of the time heard. */
export function heardPart(text: string, heardMs: number, receivedMs: number): string {
  if (receivedMs <= 0 || heardMs <= 0) return ''
  if (heardMs >= receivedMs) return text
  return text.slice(0, wordEnd(text, (text.length * heardMs) / receivedMs, false)).trimEnd()
}

/** The end of the last word within `reach` characters; `begun`: or of the word that is under way there. */
function wordEnd(text: string, reach: number, begun = true): number {
  let end = 0
  for (const word of text.matchAll(/\S+\s*/g)) {
    const limit = begun ? word.index : word.index + word[0].trimEnd().length
    if (limit > reach) break
    end = word.index + word[0].length
  }
  return end
}
