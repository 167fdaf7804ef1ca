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

/** A piece of the message that is being read; 0 for what it has not. */
interface Place {
  start: number
  end: number
}

/**
 * Reads the audio of a response from the bytes of its message: most of what the service sends. It takes a flat object of
 * plain strings and whole numbers, as the service writes it, and leaves everything else to the JSON parser.
 */
export class AudioDeltaReader {
  readonly #key: Place = { start: 0, end: 0 }
  readonly #response: Place = { start: 0, end: 0 }
  readonly #item: Place = { start: 0, end: 0 }
  readonly #audio: Place = { start: 0, end: 0 }

  /** null for anything but a plain message with audio. */
  read(data: Buffer, start: number, end: number): AudioDelta | null {
    for (const place of [this.#response, this.#item, this.#audio]) place.end = 0
    if (this.#readObject(data, start, end) !== end) return null
    const bytes = base64Bytes(data, this.#audio.start, this.#audio.end)
    if (bytes === NOWHERE || bytes > DECODED.length) return null
    const payload = DECODED.subarray(0, bytes)
    if (!decodeBase64(data, this.#audio.start, this.#audio.end, payload)) return null
    return { response_id: textOf(data, this.#response), item_id: textOf(data, this.#item), payload }
  }

  /** Returns where it stopped; NOWHERE unless all the parts were there, each once. */
  #readObject(data: Buffer, start: number, limit: number): number {
    let types = 0
    let at = start
    if (data[at] !== OPEN) return NOWHERE
    do {
      const key = at + 1
      at = stringEnd(data, key, limit)
      if (at === NOWHERE || data[at] !== COLON) return NOWHERE
      this.#key.start = key + 1
      this.#key.end = at - 1
      at += 1
      if (this.#isKey(data, TYPE)) {
        types += 1
        const value = at
        at = stringEnd(data, value, limit)
        if (!isText(data, value + 1, at - 1, AUDIO_DELTA)) return NOWHERE
      } else if (this.#isKey(data, RESPONSE_ID)) at = once(this.#response, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, ITEM_ID)) at = once(this.#item, at, stringEnd(data, at, limit))
      else if (this.#isKey(data, DELTA)) at = once(this.#audio, at, base64End(data, at, limit))
      else at = data[at] === QUOTE ? stringEnd(data, at, limit) : numberEnd(data, at, limit)
    } while (data[at] === COMMA)
    const whole = types === 1 && this.#response.end > 0 && this.#item.end > 0 && this.#audio.end > 0
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
