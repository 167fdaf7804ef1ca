import { type AudioFormat, PCMU_8K } from '../audio/format.ts'
import { createTranscoder, type Transcoder } from '../audio/transcoder.ts'
import type { AudioTaps, AudioTrack, TappedAudio } from './audio-taps.ts'

export interface BroadcastFrame {
  readonly track: AudioTrack
  /** From 1, in the order of the audio. */
  readonly chunk: number
  /** Milliseconds since the call's first frame began. */
  readonly timestampMs: number
  /** PCMU at 8 kHz, whatever the call speaks. Valid during the encoding only. */
  readonly payload: Uint8Array
}

/** One track of one call for any number of listeners: converted and encoded once, and for nobody not at all. */
export class TrackBroadcast<Message> {
  readonly #taps: AudioTaps
  readonly #track: AudioTrack
  readonly #encode: (frame: BroadcastFrame) => Message
  readonly #listeners = new Set<(message: Message) => void>()
  #unsubscribe: (() => void) | null = null
  #format: AudioFormat | null = null
  #transcoder: Transcoder | null = null
  #chunks = 0

  constructor(options: { taps: AudioTaps; track: AudioTrack; encode: (frame: BroadcastFrame) => Message }) {
    this.#taps = options.taps
    this.#track = options.track
    this.#encode = options.encode
  }

  /** Returns the function that removes the listener. */
  add(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener)
    this.#unsubscribe ??= this.#taps.subscribe(this.#track, (audio) => this.#publish(audio))
    return () => this.#remove(listener)
  }

  #remove(listener: (message: Message) => void): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = null
    this.#format = null
  }

  #publish({ payload, format, positionMs }: TappedAudio): void {
    const audio = this.#transcoderOf(format).push(payload)
    if (audio.byteLength === 0) return
    this.#chunks += 1
    const timestampMs = Math.round(positionMs)
    const message = this.#encode({ track: this.#track, chunk: this.#chunks, timestampMs, payload: audio })
    for (const listener of this.#listeners) listener(message)
  }

  #transcoderOf(format: AudioFormat): Transcoder {
    if (!this.#transcoder || this.#format !== format) {
      this.#format = format
      this.#transcoder = createTranscoder(format, PCMU_8K)
    }
    return this.#transcoder
  }
}
