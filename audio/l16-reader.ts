import { type ByteOrder, ByteOrderDetector, swapBytes16 } from './l16-byte-order.ts'
import { payloadRms } from './level.ts'

/** A frame louder than this in both readings (16-bit units, -45 dBFS) waits for the byte order to be known. */
const LOUD_RMS = 184
/** 200 ms of frames of 20 ms: longer than a decision takes, and white noise, which decides nothing, must go on. */
const HELD_FRAMES = 10

/**
 * Reads a stream of L16 frames as little-endian PCM16, whatever their byte order. With `auto` the order is found from
 * the audio and kept: loud frames wait for it, so that speech is never passed on as the noise of the wrong reading;
 * quiet ones pass at once in the quieter reading.
 */
export class L16Reader {
  readonly #detector = new ByteOrderDetector()
  readonly #deliver: (payload: Uint8Array) => void
  readonly #presumed: ByteOrder
  #order: ByteOrder | null
  #held: Uint8Array[] = []

  /** `presumed`: what is sent, and what undecidable noise is read as, until the order is known. */
  constructor(options: {
    order: ByteOrder | 'auto'
    presumed: ByteOrder
    deliver: (payload: Uint8Array) => void
  }) {
    this.#order = options.order === 'auto' ? null : options.order
    this.#presumed = options.presumed
    this.#deliver = options.deliver
  }

  /** The stream's byte order, as far as it is known. */
  get order(): ByteOrder {
    return this.#order ?? this.#presumed
  }

  /** Whether the order is known and not merely presumed. */
  get decided(): boolean {
    return this.#order !== null
  }

  /** Whether loud frames are being kept until the order is known. */
  get holding(): boolean {
    return this.#held.length > 0
  }

  /** One frame. `payload` must stay as it is: a held frame is not copied. */
  push(payload: Uint8Array): void {
    if (this.#order !== null) {
      this.#deliver(this.#read(payload))
      return
    }
    this.#order = this.#detector.push(payload)
    if (this.#order !== null) {
      this.#held.push(payload)
      this.#release()
      return
    }
    const swapped = swapBytes16(payload)
    const asIs = payloadRms('pcm16', payload)
    const asSwapped = payloadRms('pcm16', swapped)
    if (Math.min(asIs, asSwapped) >= LOUD_RMS) {
      this.#held.push(payload)
      if (this.#held.length > HELD_FRAMES) this.#deliver(this.#read(this.#held.shift() as Uint8Array))
      return
    }
    this.#release()
    this.#deliver(asSwapped < asIs ? swapped : payload)
  }

  #release(): void {
    const held = this.#held
    this.#held = []
    for (const payload of held) this.#deliver(this.#read(payload))
  }

  #read(payload: Uint8Array): Uint8Array {
    return this.order === 'be' ? swapBytes16(payload) : payload
  }
}
