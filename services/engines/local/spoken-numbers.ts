export const DIGIT_WORDS: Readonly<Record<string, string>> = {
  zero: '0',
  oh: '0',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9'
}

const ONES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const TEENS = [
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen'
]
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']

/**
 * The numbers from 1 to `max` (at most 99), in the notation of phrase patterns. The round ones above it belong to it too:
 * who asks for thirty where twenty is the most should be told so, and not be heard to say something else.
 */
export function numberPattern(max: number): string {
  const tens = `(${TENS.join(' | ')})`
  const compound = max > 20 ? `${tens} [(${ONES.slice(1).join(' | ')})]` : tens
  return [...ONES.slice(1), ...TEENS, compound].join(' | ')
}

/** "twenty one" is 21; null for what is no number from 0 to 99. */
export function numberOf(words: string): number | null {
  const [first = '', second, ...more] = words.trim().split(/\s+/)
  const small = [...ONES, ...TEENS].indexOf(first)
  if (small >= 0) return second === undefined ? small : null
  const tens = TENS.indexOf(first)
  if (tens < 0 || more.length > 0) return null
  const one = second === undefined ? 0 : ONES.indexOf(second)
  return one < 0 || second === 'zero' ? null : (tens + 2) * 10 + one
}

/** 21 is "twenty one"; 0 to 99. */
export function wordsOf(n: number): string {
  if (n < 20) return [...ONES, ...TEENS][n] ?? String(n)
  const tens = TENS[Math.floor(n / 10) - 2] ?? ''
  return n % 10 === 0 ? tens : `${tens} ${ONES[n % 10]}`
}
