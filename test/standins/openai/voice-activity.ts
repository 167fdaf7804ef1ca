export interface VoiceActivityOptions {
  readonly sampleRateHz: number
  /** 0 to 1, as the service takes it; here a share of the loudness of plain speech. */
  readonly threshold: number
  readonly prefixPaddingMs: number
  readonly silenceDurationMs: number
  /** Audio received before. */
  readonly startMs: number
}

export interface VoiceBoundary {
  readonly type: 'started' | 'stopped'
  /** Milliseconds of audio since the session began. */
  readonly atMs: number
}

const WINDOW_MS = 10
/** Voiced windows in a row that make speech, so that a click does not. */
const SPEECH_WINDOWS = 3
/** Root mean square that the threshold is a share of, in 16-bit units: −24 dBFS. */
const FULL_THRESHOLD_RMS = 2000

/**
 * `server_vad` by energy and on audio time: what was sent decides, not when. As the service documents it, a start is
 * reported `prefix_padding_ms` early, and an end after, and including, `silence_duration_ms`.
 */
export class VoiceActivity {
  readonly #options: VoiceActivityOptions
  readonly #windowSamples: number
  readonly #thresholdPower: number
  #power = 0
  #filled = 0
  #windows = 0
  #voicedRun = 0
  #silentRun = 0
  #speaking = false

  constructor(options: VoiceActivityOptions) {
    this.#options = options
    this.#windowSamples = (options.sampleRateHz * WINDOW_MS) / 1000
    this.#thresholdPower = (options.threshold * FULL_THRESHOLD_RMS) ** 2 * this.#windowSamples
  }

  get speaking(): boolean {
    return this.#speaking
  }

  push(samples: Int16Array): VoiceBoundary[] {
    const boundaries: VoiceBoundary[] = []
    for (const sample of samples) {
      this.#power += sample * sample
      this.#filled += 1
      if (this.#filled < this.#windowSamples) continue
      const boundary = this.#endWindow(this.#power > this.#thresholdPower)
      if (boundary) boundaries.push(boundary)
    }
    return boundaries
  }

  #endWindow(voiced: boolean): VoiceBoundary | null {
    const { startMs, prefixPaddingMs, silenceDurationMs } = this.#options
    this.#power = 0
    this.#filled = 0
    this.#windows += 1
    this.#voicedRun = voiced ? this.#voicedRun + 1 : 0
    this.#silentRun = voiced ? 0 : this.#silentRun + 1
    const nowMs = startMs + this.#windows * WINDOW_MS
    if (!this.#speaking && this.#voicedRun >= SPEECH_WINDOWS) {
      this.#speaking = true
      return { type: 'started', atMs: Math.max(0, nowMs - this.#voicedRun * WINDOW_MS - prefixPaddingMs) }
    }
    if (this.#speaking && this.#silentRun * WINDOW_MS >= silenceDurationMs) {
      this.#speaking = false
      return { type: 'stopped', atMs: nowMs }
    }
    return null
  }
}
