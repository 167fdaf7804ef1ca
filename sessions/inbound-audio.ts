import { type AudioFormat, durationMs } from '../audio/format.ts'
import { SpeechMeter } from '../audio/speech-meter.ts'
import { createTranscoder, type Transcoder } from '../audio/transcoder.ts'
import type { Clock } from './contracts/clock.ts'

/** Callers say hello at once: what they say while the engine's session opens is kept, up to this much. */
const KEPT_LIMIT_MS = 5000

/**
 * The caller's voice on its way to the engine: carrier format to engine format, in order, nothing lost. Until the
 * engine is ready the audio is kept and then sent on before anything newer.
 */
export class InboundAudio {
  readonly #clock: Clock
  readonly #engineFormat: AudioFormat
  readonly #toEngine: (payload: Uint8Array) => void
  #format: AudioFormat | null = null
  #transcoder: Transcoder | null = null
  #meter: SpeechMeter | null = null
  #ready = false
  #kept: Uint8Array[] = []
  #keptMs = 0
  #lastSpeechAt: number | null = null

  constructor(options: {
    clock: Clock
    engineFormat: AudioFormat
    toEngine: (payload: Uint8Array) => void
  }) {
    this.#clock = options.clock
    this.#engineFormat = options.engineFormat
    this.#toEngine = options.toEngine
  }

  /** The carrier announced what it sends. */
  start(format: AudioFormat): void {
    this.#format = format
    this.#transcoder = createTranscoder(format, this.#engineFormat)
    this.#meter = new SpeechMeter(format)
  }

  /** Caller audio in the announced format. Returns its length in ms. */
  push(payload: Uint8Array): number {
    if (!this.#format || !this.#transcoder) return 0
    const ms = durationMs(this.#format, payload.byteLength)
    if (this.#meter?.push(payload)) this.#lastSpeechAt = this.#clock.now()
    const audio = this.#transcoder.push(payload)
    if (audio.byteLength === 0) return ms
    if (this.#ready) this.#toEngine(audio)
    else this.#keep(audio)
    return ms
  }

  /** The engine takes audio now. Returns the milliseconds that had been kept for it. */
  ready(): number {
    this.#ready = true
    const kept = this.#kept
    const keptMs = this.#keptMs
    this.#kept = []
    this.#keptMs = 0
    for (const payload of kept) this.#toEngine(payload)
    return keptMs
  }

  /** When the caller was last heard speaking, by level; null where never. */
  get lastSpeechAt(): number | null {
    return this.#lastSpeechAt
  }

  #keep(audio: Uint8Array): void {
    this.#kept.push(audio.slice())
    this.#keptMs += durationMs(this.#engineFormat, audio.byteLength)
    while (this.#keptMs > KEPT_LIMIT_MS) {
      const oldest = this.#kept.shift()
      if (!oldest) return
      this.#keptMs -= durationMs(this.#engineFormat, oldest.byteLength)
    }
  }
}
