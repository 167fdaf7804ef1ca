const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN = 0x7b
const CLOSE = 0x7d
const PADDING = 0x3d
const ZERO = 0x30
/** What a plain string is made of: printable ASCII without the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0
)
/** Digits that a double holds for sure. */
const MOST_DIGITS = 15
/** Not a plain media message after all. */
const NOWHERE = -1

const EVENT = Buffer.from('event')
const MEDIA = Buffer.from('media')
const TRACK = Buffer.from('track')
const CHUNK = Buffer.from('chunk')
const PAYLOAD = Buffer.from('payload')
const OUTBOUND = Buffer.from('outbound')

/**
 * Reads the `media` messages of Telnyx and Twilio from their bytes: 50 a second in every call, nearly all that a
 * carrier sends. It takes what carriers do send, a compact object of plain strings, and leaves everything else to the
 * JSON parser: what it takes, it reads as JSON.parse would.
 *
 * The methods that read return where they stopped, or NOWHERE; only numbers are kept between them, which costs no
 * garbage collector anything.
 */
export class MediaFrameReader {
  /** Of the message read last: its number; NaN without one. */
  chunk = Number.NaN
  /** Whether it is the agent's own audio. */
  outbound = false
  /** Where the message ends. */
  #limit = 0
  /** Of the string that was read last. */
  #start = 0
  #end = 0
  #payloadStart = 0
  #payloadEnd = 0
  /** Frames are all of one size, mostly: one piece of memory does for all of them. */
  #payload = Buffer.alloc(0)

  /**
   * The audio of the media message in `data` from `start` to `end`, valid until the next one; null for anything that is
   * not a plain one.
   */
  read(data: Buffer, start = 0, end = data.length): Buffer | null {
    this.chunk = Number.NaN
    this.outbound = false
    this.#payloadStart = 0
    this.#limit = end
    return this.#readFrame(data, start) === end ? this.#decoded(data) : null
  }

  #readFrame(data: Buffer, start: number): number {
    let events = 0
    let medias = 0
    let at = start
    if (data[at] !== OPEN) return NOWHERE
    do {
      at = this.#readKey(data, at + 1)
      if (at === NOWHERE) return NOWHERE
      if (this.#is(EVENT, data)) {
        events += 1
        at = this.#readString(data, at)
        if (at === NOWHERE || !this.#is(MEDIA, data)) return NOWHERE
      } else if (this.#is(MEDIA, data)) {
        medias += 1
        at = this.#readMedia(data, at)
      } else at = this.#readString(data, at)
    } while (data[at] === COMMA)
    return data[at] === CLOSE && events === 1 && medias === 1 ? at + 1 : NOWHERE
  }

  #readMedia(data: Buffer, from: number): number {
    let tracks = 0
    let at = from
    if (data[at] !== OPEN) return NOWHERE
    do {
      at = this.#readKey(data, at + 1)
      if (at === NOWHERE) return NOWHERE
      if (this.#is(PAYLOAD, data)) at = this.#payloadStart > 0 ? NOWHERE : this.#readPayload(data, at)
      else if (this.#is(CHUNK, data)) at = this.#readChunk(data, at)
      else if (this.#is(TRACK, data)) {
        tracks += 1
        at = this.#readString(data, at)
        if (at === NOWHERE) return NOWHERE
        this.outbound = this.#is(OUTBOUND, data)
      } else at = this.#readString(data, at)
    } while (data[at] === COMMA)
    return data[at] === CLOSE && this.#payloadStart > 0 && tracks < 2 ? at + 1 : NOWHERE
  }

  /** Up to its value. */
  #readKey(data: Buffer, from: number): number {
    const at = this.#readString(data, from)
    return data[at] === COLON ? at + 1 : NOWHERE
  }

  /** A string without escapes, in ASCII. */
  #readString(data: Buffer, from: number): number {
    if (data[from] !== QUOTE) return NOWHERE
    let at = from + 1
    while (at < this.#limit && PLAIN[data[at]] === 1) at += 1
    if (data[at] !== QUOTE) return NOWHERE
    this.#start = from + 1
    this.#end = at
    return at + 1
  }

  /** The characters are not looked at here: only whole base64 decodes to as many bytes as its length says. */
  #readPayload(data: Buffer, from: number): number {
    if (data[from] !== QUOTE) return NOWHERE
    const end = data.indexOf(QUOTE, from + 1)
    if (end <= from + 1 || end >= this.#limit) return NOWHERE
    this.#payloadStart = from + 1
    this.#payloadEnd = end
    return end + 1
  }

  #readChunk(data: Buffer, from: number): number {
    if (!Number.isNaN(this.chunk)) return NOWHERE
    const at = this.#readString(data, from)
    if (at === NOWHERE) return NOWHERE
    const length = this.#end - this.#start
    if (length === 0 || length > MOST_DIGITS) return NOWHERE
    let value = 0
    for (let place = this.#start; place < this.#end; place++) {
      const digit = data[place] - ZERO
      if (digit < 0 || digit > 9) return NOWHERE
      value = value * 10 + digit
    }
    this.chunk = value
    return at
  }

  #decoded(data: Buffer): Buffer | null {
    const start = this.#payloadStart
    const end = this.#payloadEnd
    if ((end - start) % 4 !== 0) return null
    let padding = 0
    while (padding < 2 && data[end - 1 - padding] === PADDING) padding += 1
    const length = ((end - start) / 4) * 3 - padding
    if (this.#payload.length !== length) this.#payload = Buffer.allocUnsafeSlow(length)
    const written = this.#payload.write(data.toString('latin1', start, end), 'base64')
    return written === length ? this.#payload : null
  }

  #is(text: Uint8Array, data: Buffer): boolean {
    const start = this.#start
    if (this.#end - start !== text.length) return false
    for (let i = 0; i < text.length; i++) if (data[start + i] !== text[i]) return false
    return true
  }
}
