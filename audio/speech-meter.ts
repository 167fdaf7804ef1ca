import { type AudioFormat, durationMs } from './format.ts'
import { dbfs, estimatedRms } from './level.ts'

/** Telephone speech is at -35 to -15 dBFS; what is below this is nobody talking into the phone, however quiet the line. */
const QUIETEST_SPEECH_DBFS = -45

/** How far speech must stand above the noise: the level of steady noise, as it is estimated, moves by 4 dB between frames of 20 ms. */
const ABOVE_NOISE_DB = 9

/** Speech pauses within this window, if only for a stop consonant; noise does not. In steps, so that it can slide. */
const WINDOW_STEPS = 4
const WINDOW_STEP_MS = 500

/** Levels are kept in whole thousandths of a decibel: a fraction takes memory of its own, which each frame would touch. */
const PER_DB = 1000

/** 6 dB/s: slow against syllables, so that somebody who talks without a pause is not taken for noise for seconds. */
const FLOOR_RISE_PER_MS = 6

/** Noise below this cannot matter: QUIETEST_SPEECH_DBFS decides. */
const LOWEST_FLOOR = (QUIETEST_SPEECH_DBFS - ABOVE_NOISE_DB) * PER_DB
/** As loud as nothing is. */
const NONE_YET = 1000 * PER_DB

/**
 * Whether the caller's audio is as loud as speech, payload by payload: an energy gate over a noise floor that follows
 * the quietest payload of the last 2 s (after Martin's minimum statistics, 2001), down at once and up at 6 dB/s.
 *
 * It is for timing when speech was last heard, not for telling speech from other sounds: a steady sound counts as
 * speech until the floor has risen to it.
 */
export class SpeechMeter {
  readonly #format: AudioFormat
  #floor = LOWEST_FLOOR
  readonly #stepMinima = Array.from({ length: WINDOW_STEPS }, () => LOWEST_FLOOR)
  /** Of all of them. */
  #pastMinimum = LOWEST_FLOOR
  #oldestStep = 0
  #stepMinimum = NONE_YET
  #stepMs = 0

  constructor(format: AudioFormat) {
    this.#format = format
  }

  /** The level that counts as noise now. */
  get noiseFloorDbfs(): number {
    return this.#floor / PER_DB
  }

  /** Payloads of about 20 ms in order; longer ones are judged as a whole. */
  push(payload: Uint8Array): boolean {
    if (payload.length === 0) return false
    const level = Math.round(dbfs(estimatedRms(this.#format.encoding, payload)) * PER_DB)
    this.#follow(Math.max(level, LOWEST_FLOOR), durationMs(this.#format, payload.length))
    return level >= this.#floor + ABOVE_NOISE_DB * PER_DB
  }

  #follow(level: number, ms: number): void {
    this.#stepMinimum = Math.min(this.#stepMinimum, level)
    const quietest = Math.min(this.#pastMinimum, this.#stepMinimum)
    this.#floor = Math.min(quietest, Math.round(this.#floor + FLOOR_RISE_PER_MS * ms))

    this.#stepMs += ms
    if (this.#stepMs < WINDOW_STEP_MS) return
    this.#stepMinima[this.#oldestStep] = this.#stepMinimum
    this.#pastMinimum = Math.min(...this.#stepMinima)
    this.#oldestStep = (this.#oldestStep + 1) % WINDOW_STEPS
    this.#stepMinimum = NONE_YET
    this.#stepMs = 0
  }
}
