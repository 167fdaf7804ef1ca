import { type AudioFormat, durationMs, SILENCE_BYTE, silence } from '../audio/format.ts'
import { SpeechMeter } from '../audio/speech-meter.ts'
import { createTranscoder, type Transcoder } from '../audio/transcoder.ts'
import type { Clock } from './contracts/clock.ts'

/** Callers say hello at once: what they say while the engine's session opens is kept, up to this much. */
const KEPT_LIMIT_MS = 5000

/** No frame for this long is no jitter any more. */
const GAP_MS = 300
const GAP_CHECK_MS = 200
const FRAME_MS = 20

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
  #muted = false
  #kept: Uint8Array[] = []
  #keptMs = 0
  /** NaN for never: a number throughout costs no memory at each frame. */
  #lastSpeechAt = Number.NaN
  #lastFrameAt = 0
  #missingFrames = 0
  #cancelPadding: (() => void) | null = null

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

  /** As the carrier announced it; null until then. */
  get format(): AudioFormat | null {
    return this.#format
  }

  /** The engine hears silence in the caller's place. */
  mute(muted: boolean): void {
    this.#muted = muted
  }

  /** Caller audio in the announced format, which came at `now`. Returns its length in ms. */
  push(payload: Uint8Array, now: number): number {
    if (!this.#format || !this.#transcoder) return 0
    const ms = durationMs(this.#format, payload.byteLength)
    this.#lastFrameAt = now
    const heard = this.#muted
      ? new Uint8Array(payload.byteLength).fill(SILENCE_BYTE[this.#format.encoding])
      : payload
    if (this.#meter?.push(heard)) this.#lastSpeechAt = this.#lastFrameAt
    const audio = this.#transcoder.push(heard)
    if (audio.byteLength === 0) return ms
    if (this.#ready) this.#toEngine(audio)
    else this.#keep(audio)
    return ms
  }

  /** So many frames before the next one are lost: the carrier's time has passed all the same. */
  missing(frames: number): void {
    this.#missingFrames += frames
  }

  /** Milliseconds by which a frame of `ms` moves the carrier's time on: those lost before it were as long as it is. */
  takeSpan(ms: number): number {
    const spanMs = ms * (1 + this.#missingFrames)
    this.#missingFrames = 0
    return spanMs
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

  /**
   * The engine hears the caller speak, or has heard the end of it. Engines tell turns by audio time: where the carrier
   * sends no frames in between (lost, or silence that it suppresses), silence is filled in by the wall clock, or the
   * turn would never end.
   */
  callerSpeaking(speaking: boolean): void {
    this.#cancelPadding?.()
    this.#cancelPadding = null
    if (speaking) this.#watchGap(this.#clock.now())
  }

  close(): void {
    this.callerSpeaking(false)
  }

  #watchGap(filledUntil: number): void {
    this.#cancelPadding = this.#clock.after(GAP_CHECK_MS, () => {
      const now = this.#clock.now()
      const from = Math.max(filledUntil, this.#lastFrameAt)
      const frames = Math.floor((now - from) / FRAME_MS)
      const missing = now - this.#lastFrameAt >= GAP_MS && frames > 0 && this.#ready
      if (missing) this.#toEngine(silence(this.#engineFormat, frames * FRAME_MS))
      this.#watchGap(missing ? from + frames * FRAME_MS : this.#lastFrameAt)
    })
  }

  /** When the caller was last heard speaking, by level; null where never. */
  get lastSpeechAt(): number | null {
    return Number.isNaN(this.#lastSpeechAt) ? null : this.#lastSpeechAt
  }

  #keep(audio: Uint8Array): void {
    this.#kept.push(new Uint8Array(audio))
    this.#keptMs += durationMs(this.#engineFormat, audio.byteLength)
    while (this.#keptMs > KEPT_LIMIT_MS) {
      const oldest = this.#kept.shift()
      if (!oldest) return
      this.#keptMs -= durationMs(this.#engineFormat, oldest.byteLength)
    }
  }
}
