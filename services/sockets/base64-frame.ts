import { randomFillSync } from 'node:crypto'
import { BASE64 } from './plain-json.ts'

/** A text message in one masked frame, whose length takes two bytes of its own (RFC 6455 section 5.2). */
const WHOLE_TEXT = 0x81
const MASKED_LENGTH_16 = 0x80 | 126
const SHORTEST_TEXT_BYTES = 126
const LONGEST_TEXT_BYTES = 65_535
/** Of the header that is no mask. */
const CLEAR_BYTES = 4
const HEADER_BYTES = CLEAR_BYTES + 4

/** Words of 32 bits, lowest byte first: Node 24 runs on no other processor that phones are answered on. */
const WORD_BYTES = 4
const ALPHABET = Buffer.from(BASE64)
const PADDING = 0x3d
/** The two characters of 12 bits (RFC 4648 section 4), the first in the low byte. */
const PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET[bits >> 6] | (ALPHABET[bits & 63] << 8)
)

/** Nobody may guess a mask (RFC 6455 section 10.3). Drawing them one by one would cost as much as the frame. */
const masks = new Uint32Array(2048)
let nextMask = masks.length

function drawMask(): number {
  if (nextMask === masks.length) {
    randomFillSync(masks)
    nextMask = 0
  }
  const mask = masks[nextMask]
  nextMask += 1
  return mask
}

/**
 * The frame of a client's text message that is base64 between two constant pieces of ASCII, made in one pass over the
 * payload: encoded, masked and laid out by words. Such a message goes out 50 times a second in every call, and frames
 * are all of one size, mostly: one piece of memory does for all of them.
 */
export class Base64Frame {
  readonly #before: Buffer
  readonly #after: Buffer
  /** In front of the frame, so that its base64 begins at a word. */
  readonly #leadBytes: number
  #payloadBytes = 0
  #frame: Buffer | null = null
  #words = new Uint32Array(0)
  /** The same without audio and mask, of which the constant words count. */
  #constants = new Uint32Array(0)
  #firstWord = 0
  #afterWord = 0

  constructor(before: string, after: string) {
    this.#before = Buffer.from(before, 'latin1')
    this.#after = Buffer.from(after, 'latin1')
    this.#leadBytes = -(HEADER_BYTES + before.length) & (WORD_BYTES - 1)
  }

  /**
   * The frame with this payload, until the next one is asked for; null for a message that is too short or too long.
   * `kept`: the frame before this one is still being sent, and must stay as it is.
   */
  of(payload: Uint8Array, kept: boolean): Buffer | null {
    if (kept || payload.length !== this.#payloadBytes) this.#layOut(payload.length)
    const frame = this.#frame
    if (!frame) return null
    const mask = drawMask()
    this.#maskConstants(mask)
    this.#encode(payload, mask)
    const textBytes = frame.length - HEADER_BYTES
    frame[0] = WHOLE_TEXT
    frame[1] = MASKED_LENGTH_16
    frame[2] = textBytes >> 8
    frame[3] = textBytes & 0xff
    return frame
  }

  #layOut(payloadBytes: number): void {
    const base64Bytes = Math.ceil(payloadBytes / 3) * WORD_BYTES
    const textBytes = this.#before.length + base64Bytes + this.#after.length
    const bytes = this.#leadBytes + HEADER_BYTES + textBytes
    const words = Math.ceil(bytes / WORD_BYTES)
    this.#payloadBytes = payloadBytes
    this.#frame = null
    if (textBytes < SHORTEST_TEXT_BYTES || textBytes > LONGEST_TEXT_BYTES) return
    this.#words = new Uint32Array(words)
    this.#frame = Buffer.from(this.#words.buffer, this.#leadBytes, HEADER_BYTES + textBytes)
    this.#constants = new Uint32Array(words)
    const constants = Buffer.from(this.#constants.buffer)
    constants.set(this.#before, this.#leadBytes + HEADER_BYTES)
    constants.set(this.#after, bytes - this.#after.length)
    this.#firstWord = (this.#leadBytes + HEADER_BYTES + this.#before.length) / WORD_BYTES
    this.#afterWord = this.#firstWord + base64Bytes / WORD_BYTES
  }

  /** Where the mask itself stands there are zeros, which become the mask; what it does to the header is made good later. */
  #maskConstants(mask: number): void {
    const words = this.#words
    const constants = this.#constants
    for (let word = 0; word < this.#firstWord; word++) words[word] = constants[word] ^ mask
    for (let word = this.#afterWord; word < words.length; word++) words[word] = constants[word] ^ mask
  }

  #encode(payload: Uint8Array, mask: number): void {
    const words = this.#words
    const whole = payload.length - (payload.length % 3)
    let word = this.#firstWord
    let at = 0
    for (; at < whole; at += 3, word++) {
      const middle = payload[at + 1]
      const first = PAIRS[(payload[at] << 4) | (middle >> 4)]
      words[word] = (first | (PAIRS[((middle & 15) << 8) | payload[at + 2]] << 16)) ^ mask
    }
    if (at === payload.length) return
    const last = payload[at + 1] ?? 0
    const third = at + 1 < payload.length ? ALPHABET[(last & 15) << 2] : PADDING
    words[word] = (PAIRS[(payload[at] << 4) | (last >> 4)] | (third << 16) | (PADDING << 24)) ^ mask
  }
}
