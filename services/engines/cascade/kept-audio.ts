import { type AudioFormat, durationMs } from '../../../audio/format.ts'

/** Before speech is known to have begun. */
const IDLE_MS = 1500
/** Of one utterance. */
const SPEECH_MS = 15_000

/** The caller's audio that no service has made final words of. */
export class KeptAudio {
  readonly #format: AudioFormat
  #payloads: Uint8Array[] = []
  #ms = 0

  constructor(format: AudioFormat) {
    this.#format = format
  }

  get payloads(): readonly Uint8Array[] {
    return this.#payloads
  }

  push(payload: Uint8Array, speech: boolean): void {
    this.#payloads.push(Buffer.from(payload))
    this.#ms += durationMs(this.#format, payload.byteLength)
    const limit = speech ? SPEECH_MS : IDLE_MS
    while (this.#ms > limit && this.#payloads.length > 1) {
      const oldest = this.#payloads.shift()
      this.#ms -= durationMs(this.#format, oldest?.byteLength ?? 0)
    }
  }

  forget(): void {
    this.#payloads = []
    this.#ms = 0
  }
}
