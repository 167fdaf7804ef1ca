/** "Goodbye then", "bye, take care": what may still follow a phrase that ends a call. */
const WORDS_AFTER = 2

/** Tells the words by which a caller ends a call. */
export class LastWords {
  readonly #phrases: readonly (readonly string[])[]

  constructor(phrases: readonly string[]) {
    this.#phrases = phrases.map(wordsOf).filter((words) => words.length > 0)
  }

  /** Whether this is how the caller ends: with a phrase, and hardly anything after it. */
  in(text: string): boolean {
    const words = wordsOf(text)
    return this.#phrases.some((phrase) => {
      for (let after = 0; after <= WORDS_AFTER; after++) {
        const at = words.length - after - phrase.length
        if (at >= 0 && phrase.every((word, index) => words[at + index] === word)) return true
      }
      return false
    })
  }
}

/** Small letters without accents and punctuation. */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
  return plain.match(/[\p{L}\p{N}]+/gu) ?? []
}
