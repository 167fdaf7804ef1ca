/** The first clause is what the caller waits for; a shorter one would be a breath too few words to sound natural. */
const FIRST_CLAUSE_CHARACTERS = 10
/** Without any mark, words are cut at a blank after this many characters. */
const LONGEST_FIRST = 60
const LONGEST = 200
const SENTENCE_END = /[.!?…]+["'»”)]*\s+|[。！？]/g
const CLAUSE_END = /[,;:.!?…]+["'»”)]*\s+|\s[–—]\s+|[。！？、，]/g
const TITLE = /(?:^|\s)(?:Dr|Mr|Mrs|Ms|Prof|St|vs|No|M|MM|Mme|Mlle|Nr|bzw|z\.B)\.\s*$/

/** Cuts text that is still being written into pieces that can be spoken: the first at the first clause, then sentences. */
export class ClauseCutter {
  #text = ''
  #first = true

  /** The pieces that are whole now, with the blanks after them: joined, they are the text. */
  push(delta: string): string[] {
    this.#text += delta
    const pieces: string[] = []
    for (let end = this.#end(); end > 0; end = this.#end()) {
      pieces.push(this.#text.slice(0, end))
      this.#text = this.#text.slice(end)
      this.#first = false
    }
    return pieces
  }

  /** What is left at the end; may be empty. */
  flush(): string {
    const rest = this.#text
    this.#text = ''
    return rest
  }

  #end(): number {
    const least = this.#first ? FIRST_CLAUSE_CHARACTERS : 1
    for (const mark of this.#text.matchAll(this.#first ? CLAUSE_END : SENTENCE_END)) {
      const end = mark.index + mark[0].length
      if (end >= least && !TITLE.test(this.#text.slice(0, end))) return end
    }
    const longest = this.#first ? LONGEST_FIRST : LONGEST
    return this.#text.length > longest ? this.#text.lastIndexOf(' ', longest) + 1 || longest : 0
  }
}
