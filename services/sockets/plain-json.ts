/**
 * Reading of the compact JSON that services send, from its bytes and without making garbage: objects without white
 * space, strings of printable ASCII without escapes. Whatever is written in another way is left to the JSON parser.
 */

/** It goes on in a way that is not plain. */
export const NOWHERE = -1

export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN = 0x7b
export const CLOSE = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const PADDING = 0x3d
const ZERO = 0x30
const NINE = 0x39

const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0
)

/** Behind the string that begins with a quote at `from`; its text ends one before. Reads nothing from `limit` on. */
export function stringEnd(data: Buffer, from: number, limit: number): number {
  if (from >= limit || data[from] !== QUOTE) return NOWHERE
  let at = from + 1
  while (at < limit && PLAIN[data[at]] === 1) at += 1
  return at < limit && data[at] === QUOTE ? at + 1 : NOWHERE
}

/** The same for a string of base64, whose characters are not looked at here. */
export function base64End(data: Buffer, from: number, limit: number): number {
  if (from >= limit || data[from] !== QUOTE) return NOWHERE
  const end = data.indexOf(QUOTE, from + 1)
  return end > from + 1 && end < limit ? end + 1 : NOWHERE
}

/** Behind the whole number without a sign that begins at `from`. */
export function numberEnd(data: Buffer, from: number, limit: number): number {
  let at = from
  while (at < limit && data[at] >= ZERO && data[at] <= NINE) at += 1
  // JSON has no number that begins with a needless zero.
  return at === from || (data[from] === ZERO && at > from + 1) ? NOWHERE : at
}

export function isText(data: Buffer, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (data[start + i] !== text[i]) return false
  return true
}

/** How many bytes whole base64 (RFC 4648 section 4) of these characters stands for; NOWHERE where it is not whole. */
export function base64Bytes(data: Buffer, start: number, end: number): number {
  if ((end - start) % 4 !== 0) return NOWHERE
  let padding = 0
  while (padding < 2 && data[end - 1 - padding] === PADDING) padding += 1
  return ((end - start) / 4) * 3 - padding
}

/** Decodes into `memory`, which is as long as `base64Bytes` tells; false where that was no base64. */
export function decodeBase64(data: Buffer, start: number, end: number, memory: Buffer): boolean {
  return memory.write(data.toString('latin1', start, end), 'base64') === memory.length
}
