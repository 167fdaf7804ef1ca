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

/** Of the message that is being read: one at a time, in whichever session. */
const KEY_PLACE: Place = { start: 0, end: 0 }
const TYPE_PLACE: Place = { start: 0, end: 0 }
const RESPONSE_PLACE: Place = { start: 0, end: 0 }
const ITEM_PLACE: Place = { start: 0, end: 0 }
/** Up to the next quote: base64, or text that may not be plain. */
const DELTA_PLACE: Place = { start: 0, end: 0 }

/**
 * Reads the audio of a response and its words from the bytes of their messages: most of what the service sends. It takes
 * a flat object of plain strings and whole numbers, as the service writes it, and leaves everything else to the JSON parser.
 * One for each session: the ids of one reply come again and again, and are then the same strings, hashed already.
 */
export class ReplyDeltaReader {
  #responseId = ''
  #itemId = ''

  /** null for anything but a plain message with audio or words. */
  read(data: Buffer, start: number, end: number): AudioDelta | TextDelta | null {
    TYPE_PLACE.end = 0
    RESPONSE_PLACE.end = 0
    ITEM_PLACE.end = 0
    DELTA_PLACE.end = 0
    if (this.#readObject(data, start, end) !== end) return null
    const { start: from, end: to } = TYPE_PLACE
    if (isText(data, from, to, AUDIO_DELTA)) return this.#audio(data)
    return isText(data, from, to, TEXT_DELTA) ? this.#text(data, end) : null
  }

  #audio(data: Buffer): AudioDelta | null {
    const { start, end } = DELTA_PLACE
    const bytes = base64Bytes(data, start, end)
    if (bytes === NOWHERE || bytes > DECODED.length) return null
    const payload = DECODED.subarray(0, bytes)
    if (!decodeBase64(data, start, end, payload)) return null
    this.#readIds(data)
    return { response_id: this.#responseId, item_id: this.#itemId, payload }
  }

  #text(data: Buffer, limit: number): TextDelta | null {
    const { start, end } = DELTA_PLACE
    if (stringEnd(data, start - 1, limit) !== end + 1) return null
    this.#readIds(data)
    return { response_id: this.#responseId, item_id: this.#itemId, delta: textOf(data, DELTA_PLACE) }
  }

  /** Returns where it stopped; NOWHERE unless all the parts were there, each once. */
  #readObject(data: Buffer, start: number, limit: number): number {
    let at = start
    if (data[at] !== OPEN) return NOWHERE
    do {
      const key = at + 1
      at = stringEnd(data, key, limit)
      if (at === NOWHERE || data[at] !== COLON) return NOWHERE
      KEY_PLACE.start = key + 1
      KEY_PLACE.end = at - 1
      at += 1
      if (this.#isKey(data, TYPE)) at = once(TYPE_PLACE, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, RESPONSE_ID)) at = once(RESPONSE_PLACE, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, ITEM_ID)) at = once(ITEM_PLACE, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, DELTA)) at = once(DELTA_PLACE, at, base64End(data, at, limit))
      else at = data[at] === QUOTE ? stringEnd(data, at, limit) : numberEnd(data, at, limit)
    } while (data[at] === COMMA)
    const whole = TYPE_PLACE.end > 0 && RESPONSE_PLACE.end > 0 && ITEM_PLACE.end > 0 && DELTA_PLACE.end > 0
    return data[at] === CLOSE && whole ? at + 1 : NOWHERE
  }

  #readIds(data: Buffer): void {
    if (!holds(data, RESPONSE_PLACE, this.#responseId)) this.#responseId = textOf(data, RESPONSE_PLACE)
    if (!holds(data, ITEM_PLACE, this.#itemId)) this.#itemId = textOf(data, ITEM_PLACE)
  }

  #isKey(data: Buffer, name: Uint8Array): boolean {
    return isText(data, KEY_PLACE.start, KEY_PLACE.end, name)
  }
}

/** A key that comes twice is nothing for this reader. */
function once(place: Place, from: number, at: number): number {
  if (at === NOWHERE || place.end > 0) return NOWHERE
  place.start = from + 1
  place.end = at - 1
  return at
}

function holds(data: Buffer, { start, end }: Place, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (data[start + i] !== text.charCodeAt(i)) return false
  return true
}

function textOf(data: Buffer, { start, end }: Place): string {
  return data.toString('latin1', start, end)
}

/** The audio of a message that the SDK has read; what is no base64 in it is passed over. */
export function decoded(delta: string): Uint8Array {
  return Buffer.from(delta, 'base64')
}
