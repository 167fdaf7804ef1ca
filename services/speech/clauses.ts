/** The first clause is short, so that the voice has something to say soon. */
const FIRST_CLAUSE_CHARACTERS = 40
/** About five seconds of speech: longer sentences are cut at commas, semicolons and colons. */
const CLAUSE_CHARACTERS = 90
/** Where there is no mark either, at a blank; a "word" of this length is cut as it is. */
const MAX_PHRASE_CHARACTERS = 180
const TITLE = /\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|No)\.\s*$/

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Cuts a text into clauses to be spoken one after the other: sentences, and parts of long ones. None is empty. */
export function splitClauses(text: string): string[] {
  const clauses: string[] = []
  for (const sentence of splitSentences(text)) {
    let clause = ''
    for (const phrase of splitPhrases(sentence)) {
      const limit = clauses.length === 0 ? FIRST_CLAUSE_CHARACTERS : CLAUSE_CHARACTERS
      if (clause && clause.length + phrase.length >= limit) {
        clauses.push(clause)
        clause = phrase
      } else clause = clause ? `${clause} ${phrase}` : phrase
    }
    if (clause) clauses.push(clause)
  }
  return clauses
}

/** Sentences of Unicode's rules (UAX 29), which take the point of a title for an end. */
function splitSentences(text: string): string[] {
  const found: string[] = []
  for (const { segment } of sentences.segment(text)) {
    const last = found.at(-1)
    if (last !== undefined && TITLE.test(last)) found[found.length - 1] = last + segment
    else found.push(segment)
  }
  return found
}

function splitPhrases(sentence: string): string[] {
  return sentence
    .trim()
    .split(/(?<=[,;:])\s+/)
    .flatMap((phrase) => phrase.match(longestPieces) ?? [])
    .map((piece) => piece.trim())
    .filter(Boolean)
}

/** As much as fits and ends before a blank or the end, or else what fits. */
const longestPieces = new RegExp(`.{1,${MAX_PHRASE_CHARACTERS}}(?=\\s|$)|\\S{${MAX_PHRASE_CHARACTERS}}`, 'gs')
