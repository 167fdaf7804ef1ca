/**
 * Phrase patterns, the notation in which a dialogue writes down what callers say:
 *
 *     <want> book a table [for {party_size} (people | persons)] [on {day}]
 *
 * Words, `[optional]`, `(one | other)`, `{slot}` and `<fragment>`. One notation serves two readers: the recogniser gets
 * it as a JSGF expansion (JSpeech Grammar Format, W3C note of 5 June 2000), the interpreter as a regular expression.
 */
const TOKEN = /[a-z'.]+|[()[\]|]|\{[a-z_]+\}|<[a-z_]+>/g

export interface PatternScope {
  /** Pattern of a slot's values; throws on an unknown name. */
  slot(name: string): string
  /** Pattern of a fragment; throws on an unknown name. */
  fragment(name: string): string
}

/** Throws an Error that says what can't be read. */
export function patternTokens(pattern: string): string[] {
  const unreadable = pattern.replaceAll(TOKEN, '').trim()
  if (unreadable)
    throw new Error(
      `"${pattern}" holds "${unreadable}"; expected lower-case words, [ ], ( | ), {slot} or <fragment>`
    )
  return pattern.match(TOKEN) ?? []
}

/** Names in braces, in order of appearance. */
export function patternSlots(pattern: string): string[] {
  return patternTokens(pattern)
    .filter((token) => token.startsWith('{'))
    .map((token) => token.slice(1, -1))
}

/** The pattern as a JSGF expansion; slots and fragments are the rules `<slot_name>` and `<fragment_name>`. */
export function patternToJsgf(pattern: string): string {
  return patternTokens(pattern)
    .map((token) => token.replace(/^\{(.*)\}$/, '<slot_$1>').replace(/^<(?!slot_)(.*)>$/, '<fragment_$1>'))
    .join(' ')
}

/**
 * Source of a regular expression over words that each end in a blank ("book a table "); every slot is a named group
 * around the words of its value.
 */
export function patternToRegExp(pattern: string, scope: PatternScope): string {
  const source = patternTokens(pattern).map((token) => {
    if (token.startsWith('{')) {
      const name = token.slice(1, -1)
      return `(?<${name}>${patternToRegExp(scope.slot(name), scope)})`
    }
    if (token.startsWith('<')) return `(?:${patternToRegExp(scope.fragment(token.slice(1, -1)), scope)})`
    if (token === '(' || token === '[') return '(?:'
    if (token === ']') return ')?'
    if (token === ')' || token === '|') return token
    return `${token.replaceAll('.', '\\.')} `
  })
  return source.join('')
}

/** Lower-case words, each followed by a blank, as patterns are matched against; punctuation is dropped. */
export function normaliseWords(text: string): string {
  return (text.toLowerCase().match(/[a-z'.]*[a-z]\.?/g) ?? []).map((word) => `${trimStop(word)} `).join('')
}

/** "friday." is "friday", but "p.m." keeps its stops. */
function trimStop(word: string): string {
  return word.slice(0, -1).includes('.') ? word : word.replace(/\.$/, '')
}
