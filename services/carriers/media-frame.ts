const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN = 0x7b
const CLOSE = 0x7d
const PADDING = 0x3d
const ZERO = 0x30
const SPACE = 0x20
const DELETE = 0x7f
/** Digits that a double holds for sure. */
const MOST_DIGITS = 15

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
 */
export class MediaFrameReader {
  /** Of the message read last: its number; NaN without one. */
  chunk = Number.NaN
  /** Whether it is the agent's own audio. */
  outbound = false
  #data: Buffer = Buffer.alloc(0)
  #at = 0
  /** Of the string that was read last. */
  #start = 0
  #end = 0
  #payloadStart = 0
  #payloadEnd = 0

  /** The audio of a media message, in memory of its own; null for anything that is not a plain one. */
  read(data: Buffer): Buffer | null {
    this.#data = data
    this.#at = 0
    this.chunk = Number.NaN
    this.outbound = false
    this.#payloadStart = 0
    return this.#readFrame() ? this.#decoded() : null
  }

  #readFrame(): boolean {
    let events = 0
    let medias = 0
    if (!this.#skip(OPEN)) return false
    do {
      if (!this.#readString() || !this.#skip(COLON)) return false
      if (this.#is(EVENT)) {
        events += 1
        if (!this.#readString() || !this.#is(MEDIA)) return false
      } else if (this.#is(MEDIA)) {
        medias += 1
        if (!this.#readMedia()) return false
      } else if (!this.#readString()) return false
    } while (this.#skip(COMMA))
    return this.#skip(CLOSE) && this.#at === this.#data.length && events === 1 && medias === 1
  }

  #readMedia(): boolean {
    let tracks = 0
    if (!this.#skip(OPEN)) return false
    do {
      if (!this.#readString() || !this.#skip(COLON)) return false
      if (this.#is(PAYLOAD)) {
        if (this.#payloadStart > 0 || !this.#readPayload()) return false
      } else if (this.#is(CHUNK)) {
        if (!Number.isNaN(this.chunk) || !this.#readString()) return false
        this.chunk = this.#number()
        if (Number.isNaN(this.chunk)) return false
      } else if (this.#is(TRACK)) {
        tracks += 1
        if (!this.#readString()) return false
        this.outbound = this.#is(OUTBOUND)
      } else if (!this.#readString()) return false
    } while (this.#skip(COMMA))
    return this.#skip(CLOSE) && this.#payloadStart > 0 && tracks < 2
  }

  #skip(byte: number): boolean {
    if (this.#data[this.#at] !== byte) return false
    this.#at += 1
    return true
  }

  /** A string without escapes, in ASCII. */
  #readString(): boolean {
    const data = this.#data
    let at = this.#at
    if (data[at] !== QUOTE) return false
    at += 1
    this.#start = at
    while (data[at] !== QUOTE) {
      if (!(data[at] >= SPACE && data[at] < DELETE) || data[at] === BACKSLASH) return false
      at += 1
    }
    this.#end = at
    this.#at = at + 1
    return true
  }

  /** The characters are not looked at here: only whole base64 decodes to as many bytes as its length says. */
  #readPayload(): boolean {
    if (!this.#skip(QUOTE)) return false
    this.#payloadStart = this.#at
    this.#payloadEnd = this.#data.indexOf(QUOTE, this.#at)
    this.#at = this.#payloadEnd + 1
    return this.#payloadEnd > this.#payloadStart
  }

  #decoded(): Buffer | null {
    const start = this.#payloadStart
    const end = this.#payloadEnd
    if ((end - start) % 4 !== 0) return null
    let padding = 0
    while (padding < 2 && this.#data[end - 1 - padding] === PADDING) padding += 1
    const payload = Buffer.from(this.#data.toString('latin1', start, end), 'base64')
    return payload.length === ((end - start) / 4) * 3 - padding ? payload : null
  }

  #is(text: Buffer): boolean {
    if (this.#end - this.#start !== text.length) return false
    for (let i = 0; i < text.length; i++) if (this.#data[this.#start + i] !== text[i]) return false
    return true
  }

  #number(): number {
    const data = this.#data
    const length = this.#end - this.#start
    if (length === 0 || length > MOST_DIGITS) return Number.NaN
    let value = 0
    for (let at = this.#start; at < this.#end; at++) {
      const digit = data[at] - ZERO
      if (digit < 0 || digit > 9) return Number.NaN
      value = value * 10 + digit
    }
    return value
  }
}
