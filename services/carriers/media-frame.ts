import { BySize } from '../sockets/by-size.ts'
import {
  base64Bytes,
  base64End,
  CLOSE,
  COLON,
  COMMA,
  decodeBase64,
  isText,
  NOWHERE,
  OPEN,
  stringEnd
} from '../sockets/plain-json.ts'

const ZERO = 0x30
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
  readonly #payloads = new BySize((bytes) => Buffer.allocUnsafeSlow(bytes))

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

  #readString(data: Buffer, from: number): number {
    const at = stringEnd(data, from, this.#limit)
    this.#start = from + 1
    this.#end = at - 1
    return at
  }

  /** The characters are not looked at here: only whole base64 decodes to as many bytes as its length says. */
  #readPayload(data: Buffer, from: number): number {
    const at = base64End(data, from, this.#limit)
    this.#payloadStart = from + 1
    this.#payloadEnd = at - 1
    return at
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
    const bytes = base64Bytes(data, this.#payloadStart, this.#payloadEnd)
    if (bytes === NOWHERE) return null
    const payload = this.#payloads.of(bytes)
    return decodeBase64(data, this.#payloadStart, this.#payloadEnd, payload) ? payload : null
  }

  #is(text: Uint8Array, data: Buffer): boolean {
    return isText(data, this.#start, this.#end, text)
  }
}

/** Of every call: a message is done with before the next one is read, and the memory that is used most is used by all. */
export const MEDIA_FRAMES = new MediaFrameReader()
