import { fileURLToPath } from 'node:url'
import type { Vad } from 'sherpa-onnx-node'

/** 32 ms at 16 kHz: what the model takes at a time. */
export const SILERO_WINDOW_SAMPLES = 512
const MODEL = fileURLToPath(new URL('./models/silero-vad-v6-16k.onnx', import.meta.url))
/** The model's own; it falls back to "no speech" 0.15 below. */
const THRESHOLD = 0.5
/** As good as nothing, where 0 would stand for a default: onset and hangover are the detector's. */
const NO_SECONDS = 0.001
/** sherpa-onnx keeps the audio of the speech that it is hearing, and copies it for every window. */
const LONGEST_SPEECH_WINDOWS = 250
const BUFFER_SECONDS = 10
/** The part of sherpa-onnx that is used of an instance. */
export type NativeVad = Pick<Vad, 'acceptWaveform' | 'clear' | 'isDetected' | 'reset'>

/** Instances ready for the next calls. */
const SPARES = 4
/** An instance takes 15 ms of the main thread: made no oftener, and never while a call waits for it. */
const RESTOCK_MS = 250
/** About 5 MB each. */
const MAX_INSTANCES = 100

/** The voice activity detector of Silero, version 6, as one stream of audio needs it. */
export interface SileroVad {
  /** The next SILERO_WINDOW_SAMPLES at 16 kHz, from -1 to 1. Speech is known from its second window on. */
  isSpeech(window: Float32Array): boolean
  /** Forgets the audio so far. */
  reset(): void
  /** Gives it back; idempotent. Not to be used afterwards. */
  close(): void
}

/** Rejects where the native library is not installed or does not run. */
export async function loadSileroVad(): Promise<SileroPool> {
  // An optional dependency: imported where it is wanted, not with this file.
  const { default: sherpa } = await import('sherpa-onnx-node')
  return new SileroPool(() => createVad(sherpa))
}

function createVad(sherpa: { Vad: typeof Vad }): NativeVad {
  return new sherpa.Vad(
    {
      sileroVad: {
        model: MODEL,
        threshold: THRESHOLD,
        minSpeechDuration: NO_SECONDS,
        minSilenceDuration: NO_SECONDS,
        maxSpeechDuration: BUFFER_SECONDS,
        windowSize: SILERO_WINDOW_SAMPLES
      },
      sampleRate: 16_000,
      numThreads: 1,
      debug: false
    },
    BUFFER_SECONDS
  )
}

/**
 * The instances of this process: each holds a copy of the model, so they go from one call to the next, and a few are
 * made ahead.
 */
export class SileroPool {
  readonly #create: () => NativeVad
  readonly #free: NativeVad[] = []
  #made = 0
  #restocking: NodeJS.Timeout | null = null
  #closed = false

  constructor(create: () => NativeVad) {
    this.#create = create
    while (this.#made < SPARES) this.prepare()
  }

  /** null where all are taken: more calls came at once than could be prepared for. */
  take(): SileroVad | null {
    const vad = this.#free.pop()
    this.#restock()
    return vad ? new PooledVad(vad, () => this.#giveBack(vad)) : null
  }

  close(): void {
    this.#closed = true
    if (this.#restocking) clearTimeout(this.#restocking)
    this.#free.length = 0
  }

  /** Makes one more ahead of its call. */
  prepare(): void {
    this.#made++
    this.#free.push(this.#create())
  }

  #giveBack(vad: NativeVad): void {
    if (!this.#closed) this.#free.push(vad)
  }

  #restock(): void {
    if (this.#restocking || this.#closed || !this.#isShort()) return
    this.#restocking = setTimeout(() => {
      this.#restocking = null
      if (this.#isShort()) this.prepare()
      this.#restock()
    }, RESTOCK_MS).unref()
  }

  #isShort(): boolean {
    return this.#free.length < SPARES && this.#made < MAX_INSTANCES
  }
}

class PooledVad implements SileroVad {
  readonly #vad: NativeVad
  readonly #giveBack: () => void
  #windowsOfSpeech = 0
  #closed = false

  constructor(vad: NativeVad, giveBack: () => void) {
    this.#vad = vad
    this.#giveBack = giveBack
    vad.reset()
  }

  isSpeech(window: Float32Array): boolean {
    if (this.#closed) throw new Error('the detector is closed')
    const vad = this.#vad
    vad.acceptWaveform(window)
    const speech = vad.isDetected()
    if (speech && ++this.#windowsOfSpeech < LONGEST_SPEECH_WINDOWS) return true
    // Nobody wants the finished segments, and of speech without an end the detector starts anew: two windows are lost.
    if (speech) vad.reset()
    else if (this.#windowsOfSpeech > 0) vad.clear()
    this.#windowsOfSpeech = 0
    return speech
  }

  reset(): void {
    this.#windowsOfSpeech = 0
    if (!this.#closed) this.#vad.reset()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#giveBack()
  }
}
