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

/** The alphabet of RFC 4648 section 4. */
export const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const NO_SIX = 64

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

/** Up to here a loop is faster than the two calls out of JavaScript, and it makes no string. */
const SHORT_BYTES = 320
const SIXES = new Uint8Array(256).fill(NO_SIX)
for (const [six, character] of Buffer.from(BASE64).entries()) SIXES[character] = six

/** Decodes into `memory`, which is as long as `base64Bytes` tells; false where that was no base64. */
export function decodeBase64(data: Buffer, start: number, end: number, memory: Buffer): boolean {
  if (memory.length <= SHORT_BYTES && decodeShort(data, start, memory)) return true
  return memory.write(data.toString('latin1', start, end), 'base64') === memory.length
}

/** False for anything but the plain alphabet. */
function decodeShort(data: Buffer, start: number, memory: Buffer): boolean {
  const whole = memory.length - (memory.length % 3)
  let seen = 0
  let at = start
  let to = 0
  for (; to < whole; at += 4, to += 3) {
    const first = SIXES[data[at]]
    const second = SIXES[data[at + 1]]
    const third = SIXES[data[at + 2]]
    const fourth = SIXES[data[at + 3]]
    seen |= first | second | third | fourth
    memory[to] = (first << 2) | (second >> 4)
    memory[to + 1] = (second << 4) | (third >> 2)
    memory[to + 2] = (third << 6) | fourth
  }
  if (to < memory.length) {
    const second = SIXES[data[at + 1]]
    const third = to + 1 < memory.length ? SIXES[data[at + 2]] : 0
    seen |= SIXES[data[at]] | second | third
    memory[to] = (SIXES[data[at]] << 2) | (second >> 4)
    if (to + 1 < memory.length) memory[to + 1] = (second << 4) | (third >> 2)
  }
  return seen < NO_SIX
}
