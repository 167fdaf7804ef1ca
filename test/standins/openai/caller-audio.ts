import type { WireCodec } from '../telnyx/wire-codec.ts'
import type { EventFault } from './event-schema.ts'
import { bytesPerMs, codecOf } from './session-audio.ts'
import type { SessionConfig } from './session-config.ts'
import { VoiceActivity } from './voice-activity.ts'

/** `input_audio_buffer.append` takes no more at once. */
const LARGEST_APPEND_BYTES = 15 * 1024 * 1024

export interface CallerAudioOptions {
  /** Whether to keep what was received. */
  readonly keep: boolean
  readonly config: SessionConfig
  readonly onSpeechStarted: (itemId: string, audioMs: number) => void
  readonly onSpeechStopped: (itemId: string, audioMs: number) => void
  readonly makeId: () => string
}

/** The input audio buffer: decodes what is appended and finds the caller's turns in it. */
export class CallerAudio {
  readonly #options: CallerAudioOptions
  readonly #received: Int16Array[] = []
  #codec: WireCodec
  #activity: VoiceActivity | null = null
  #itemId = ''
  #uncommittedMs = 0
  #receivedMs = 0
  #utterances = 0

  constructor(options: CallerAudioOptions) {
    this.#options = options
    this.#codec = codecOf({})
    this.configure(options.config)
  }

  get audio(): Int16Array {
    const whole = new Int16Array(this.#received.reduce((length, piece) => length + piece.length, 0))
    let at = 0
    for (const piece of this.#received) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  get rateHz(): number {
    return this.#codec.format.sampleRateHz
  }

  get receivedMs(): number {
    return this.#receivedMs
  }

  /** Turns of the caller so far. */
  get utterances(): number {
    return this.#utterances
  }

  configure(config: SessionConfig): void {
    const { format, turn_detection } = config.audio?.input ?? {}
    this.#codec = codecOf(format ?? {})
    const vad = turn_detection?.type === 'server_vad' ? turn_detection : null
    this.#activity = turn_detection
      ? new VoiceActivity({
          sampleRateHz: this.rateHz,
          threshold: vad?.threshold ?? 0.5,
          prefixPaddingMs: vad?.prefix_padding_ms ?? 300,
          silenceDurationMs: vad?.silence_duration_ms ?? 500,
          startMs: this.#receivedMs
        })
      : null
  }

  append(payload: Buffer): EventFault | null {
    if (payload.byteLength > LARGEST_APPEND_BYTES || payload.byteLength % this.#codec.bytesPerSample > 0) {
      return { code: 'invalid_value', message: 'Invalid audio.', param: 'audio' }
    }
    const samples = this.#codec.decode(payload)
    const ms = payload.byteLength / bytesPerMs(this.#codec)
    if (this.#options.keep) this.#received.push(samples)
    this.#receivedMs += ms
    this.#uncommittedMs += ms
    for (const { type, atMs } of this.#activity?.push(samples) ?? []) {
      if (type === 'started') this.#itemId = this.#options.makeId()
      else this.#utterances += 1
      if (type === 'started') this.#options.onSpeechStarted(this.#itemId, atMs)
      else this.#options.onSpeechStopped(this.#itemId, atMs)
    }
    return null
  }

  /** Milliseconds since the last commit, which this is. */
  take(): number {
    const ms = this.#uncommittedMs
    this.#uncommittedMs = 0
    return ms
  }

  clear(): void {
    this.#uncommittedMs = 0
  }
}
