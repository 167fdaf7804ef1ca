/** Short answers to "this call is recorded" that mean no, in the languages that agents speak most. */
const NO = ['no', 'nope', 'no thanks', 'no thank you', 'non', 'non merci', 'nein', 'nein danke', 'no gracias']
/** Said at any time, in a sentence however long. */
const REFUSALS = [
  /\b(don't|do not|stop|not be|without|no) (?:\w+ ){0,3}(record|recorded|recording)\b/,
  /\b(object|refuse|decline|consent) (?:\w+ ){0,3}(recorded|recording)\b/,
  /\bi do(n't| not) (consent|agree)\b/,
  /\b(pas|sans|arrêtez) (?:[\p{L}']+ ){0,2}(enregistr\p{L}*|l'enregistrement)/u,
  /\bje refuse\b/,
  /\b(nicht|keine) (?:\p{L}+ ){0,2}(aufzeichn\p{L}*|aufnehm\p{L}*|aufgenommen|aufnahme|aufzeichnung)/u,
  /\bno (?:\p{L}+ ){0,2}grab(en|ar|e|ación)\b/u
]

/**
 * Whether a caller who was told of the recording does not want it. `first`: these are their first words since; only
 * then a bare "no" is an answer to that. A doubtful one counts as a refusal: a call less is recorded.
 */
export function refusesRecording(text: string, { first }: { first: boolean }): boolean {
  const words = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/[^\p{L}\p{N}' ]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (REFUSALS.some((refusal) => refusal.test(words))) return !/\b(i do|i) consent\b/.test(words)
  if (!first) return false
  return NO.includes(words) || /^(no|non|nein) (i|je|ich|please|thank)\b/.test(words)
}
