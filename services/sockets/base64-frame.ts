import { randomFillSync } from 'node:crypto'
import { BySize } from './by-size.ts'
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

/** A frame of one size, all but its payload. */
class Layout {
  readonly words: Uint32Array
  readonly frame: Buffer
  /** The frame without audio and mask, of which the constant words count. */
  readonly #constants: Uint32Array
  readonly #firstWord: number
  readonly #afterWord: number

  constructor(before: Buffer, after: Buffer, payloadBytes: number) {
    // So that the base64 begins at a word.
    const leadBytes = -(HEADER_BYTES + before.length) & (WORD_BYTES - 1)
    const base64Bytes = base64Length(payloadBytes)
    const textBytes = before.length + base64Bytes + after.length
    const bytes = leadBytes + HEADER_BYTES + textBytes
    this.words = new Uint32Array(Math.ceil(bytes / WORD_BYTES))
    this.frame = Buffer.from(this.words.buffer, leadBytes, HEADER_BYTES + textBytes)
    this.#constants = new Uint32Array(this.words.length)
    const constants = Buffer.from(this.#constants.buffer)
    constants.set(before, leadBytes + HEADER_BYTES)
    constants.set(after, bytes - after.length)
    this.#firstWord = (leadBytes + HEADER_BYTES + before.length) / WORD_BYTES
    this.#afterWord = this.#firstWord + base64Bytes / WORD_BYTES
  }

  fill(payload: Uint8Array, mask: number): void {
    this.#maskConstants(mask)
    this.#encode(payload, mask)
    const { frame } = this
    const textBytes = frame.length - HEADER_BYTES
    frame[0] = WHOLE_TEXT
    frame[1] = MASKED_LENGTH_16
    frame[2] = textBytes >> 8
    frame[3] = textBytes & 0xff
  }

  /** Where the mask itself stands there are zeros, which become the mask; what it does to the header is made good later. */
  #maskConstants(mask: number): void {
    const { words } = this
    const constants = this.#constants
    for (let word = 0; word < this.#firstWord; word++) words[word] = constants[word] ^ mask
    for (let word = this.#afterWord; word < words.length; word++) words[word] = constants[word] ^ mask
  }

  #encode(payload: Uint8Array, mask: number): void {
    const { words } = this
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

/**
 * The frame of a client's text message that is base64 between two constant pieces of ASCII, made in one pass over the
 * payload: encoded, masked and laid out by words. Such a message goes out 50 times a second in every call, and frames
 * are all of one size, mostly: one piece of memory does for all of them, whichever socket they are for.
 */
export class Base64Frame {
  /** null for a message that is too short or too long. */
  readonly #layouts: BySize<Layout | null>

  constructor(before: string, after: string) {
    const [head, tail] = [Buffer.from(before, 'latin1'), Buffer.from(after, 'latin1')]
    this.#layouts = new BySize((payloadBytes) => {
      const textBytes = head.length + base64Length(payloadBytes) + tail.length
      if (textBytes < SHORTEST_TEXT_BYTES || textBytes > LONGEST_TEXT_BYTES) return null
      return new Layout(head, tail, payloadBytes)
    })
  }

  /** The frame with this payload, until the next one is asked for; null for a message that is too short or too long. */
  of(payload: Uint8Array): Buffer | null {
    const layout = this.#layouts.of(payload.length)
    if (!layout) return null
    layout.fill(payload, drawMask())
    return layout.frame
  }

  /** The frame that was made last is still being sent: those to come get memory of their own. */
  leave(): void {
    this.#layouts.giveAway()
  }
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
