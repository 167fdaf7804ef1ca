import {
  base64Bytes,
  base64End,
  CLOSE,
  COLON,
  COMMA,
  decodeBase64,
  isText,
  NOWHERE,
  numberEnd,
  OPEN,
  stringEnd
} from '../../sockets/plain-json.ts'

const TYPE = Buffer.from('type')
const AUDIO_DELTA = Buffer.from('response.output_audio.delta')
const TEXT_DELTA = Buffer.from('response.output_audio_transcript.delta')
const RESPONSE_ID = Buffer.from('response_id')
const ITEM_ID = Buffer.from('item_id')
const DELTA = Buffer.from('delta')
const QUOTE = 0x22

/** Audio is handed on in the tick in which it came; what is longer than a second of PCM at 24 kHz takes the long way. */
const DECODED = Buffer.allocUnsafeSlow(49_152)

/** What counts of a `response.output_audio.delta`. */
export interface AudioDelta {
  readonly response_id: string
  readonly item_id: string
  /** In the engine's output format; valid until the next delta is read. */
  readonly payload: Uint8Array
}

/** What counts of a `response.output_audio_transcript.delta`. */
export interface TextDelta {
  readonly response_id: string
  readonly item_id: string
  readonly delta: string
}

/** A piece of the message that is being read; 0 for what it has not. */
interface Place {
  start: number
  end: number
}

/**
 * Reads the audio of a response and its words from the bytes of their messages: most of what the service sends. It takes
 * a flat object of plain strings and whole numbers, as the service writes it, and leaves everything else to the JSON parser.
 */
export class ReplyDeltaReader {
  readonly #key: Place = { start: 0, end: 0 }
  readonly #type: Place = { start: 0, end: 0 }
  readonly #response: Place = { start: 0, end: 0 }
  readonly #item: Place = { start: 0, end: 0 }
  /** Up to the next quote: base64, or text that may not be plain. */
  readonly #delta: Place = { start: 0, end: 0 }

  /** null for anything but a plain message with audio or words. */
  read(data: Buffer, start: number, end: number): AudioDelta | TextDelta | null {
    this.#type.end = 0
    this.#response.end = 0
    this.#item.end = 0
    this.#delta.end = 0
    if (this.#readObject(data, start, end) !== end) return null
    const { start: from, end: to } = this.#type
    if (isText(data, from, to, AUDIO_DELTA)) return this.#audio(data)
    return isText(data, from, to, TEXT_DELTA) ? this.#text(data, end) : null
  }

  #audio(data: Buffer): AudioDelta | null {
    const { start, end } = this.#delta
    const bytes = base64Bytes(data, start, end)
    if (bytes === NOWHERE || bytes > DECODED.length) return null
    const payload = DECODED.subarray(0, bytes)
    if (!decodeBase64(data, start, end, payload)) return null
    return { response_id: textOf(data, this.#response), item_id: textOf(data, this.#item), payload }
  }

  #text(data: Buffer, limit: number): TextDelta | null {
    const { start, end } = this.#delta
    if (stringEnd(data, start - 1, limit) !== end + 1) return null
    const delta = textOf(data, this.#delta)
    return { response_id: textOf(data, this.#response), item_id: textOf(data, this.#item), delta }
  }

  /** Returns where it stopped; NOWHERE unless all the parts were there, each once. */
  #readObject(data: Buffer, start: number, limit: number): number {
    let at = start
    if (data[at] !== OPEN) return NOWHERE
    do {
      const key = at + 1
      at = stringEnd(data, key, limit)
      if (at === NOWHERE || data[at] !== COLON) return NOWHERE
      this.#key.start = key + 1
      this.#key.end = at - 1
      at += 1
      if (this.#isKey(data, TYPE)) at = once(this.#type, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, RESPONSE_ID)) at = once(this.#response, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, ITEM_ID)) at = once(this.#item, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, DELTA)) at = once(this.#delta, at, base64End(data, at, limit))
      else at = data[at] === QUOTE ? stringEnd(data, at, limit) : numberEnd(data, at, limit)
    } while (data[at] === COMMA)
    const whole = this.#type.end > 0 && this.#response.end > 0 && this.#item.end > 0 && this.#delta.end > 0
    return data[at] === CLOSE && whole ? at + 1 : NOWHERE
  }

  #isKey(data: Buffer, name: Uint8Array): boolean {
    return isText(data, this.#key.start, this.#key.end, name)
  }
}

/** A key that comes twice is nothing for this reader. */
function once(place: Place, from: number, at: number): number {
  if (at === NOWHERE || place.end > 0) return NOWHERE
  place.start = from + 1
  place.end = at - 1
  return at
}

function textOf(data: Buffer, { start, end }: Place): string {
  return data.toString('latin1', start, end)
}

/** The audio of a message that the SDK has read; what is no base64 in it is passed over. */
export function decoded(delta: string): Uint8Array {
  return Buffer.from(delta, 'base64')
}
