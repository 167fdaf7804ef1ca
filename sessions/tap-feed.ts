import type { AudioFormat } from '../audio/format.ts'
import type { AudioTaps } from './audio-taps.ts'
import { HeardAudio } from './heard-audio.ts'
import type { OutboundAudio } from './outbound-audio.ts'

/** The clock ahead of the frames by more than this: some were lost. Less is jitter, which is no gap in the audio. */
const GAP_MS = 60

/**
 * Feeds the taps of one call, frame by frame as the caller's audio comes in: the frame itself, and what the caller
 * heard of the agent meanwhile. Costs a few additions a frame while nobody listens.
 */
export class TapFeed {
  readonly #taps: AudioTaps
  readonly #outbound: OutboundAudio
  #heard: HeardAudio | null = null
  /** On the media clock: the beginning of the call's first frame. */
  #originMs: number | null = null
  /** Of the call so far, frames and gaps. */
  #lengthMs = 0

  constructor(options: { taps: AudioTaps; outbound: OutboundAudio }) {
    this.#taps = options.taps
    this.#outbound = options.outbound
  }

  /** `ms` of caller audio, which the media clock has counted already. */
  callerFrame(payload: Uint8Array, format: AudioFormat, ms: number): void {
    const { positionMs: clockMs, recordedMs } = this.#outbound.mediaClock
    this.#originMs ??= clockMs - ms
    const gapMs = recordedMs - ms - this.#originMs - this.#lengthMs
    if (gapMs > GAP_MS) this.#lengthMs += Math.round(gapMs)
    const positionMs = this.#lengthMs
    this.#lengthMs += ms
    if (!this.#taps.wanted && !this.#heard) return
    if (this.#taps.wants('inbound')) this.#taps.publish('inbound', { payload, format, positionMs })
    if (this.#taps.wants('outbound')) {
      this.#publishHeard(this.#hearing(this.#originMs + positionMs), this.#originMs + this.#lengthMs)
    } else if (this.#heard) this.#stopHearing()
  }

  /** No frame of the caller's will come any more: what was heard since the last one, and is proven to have been. */
  end(now: number): void {
    if (!this.#heard) return
    const positionMs = this.#outbound.mediaClock.at(now)
    const provenMs = this.#outbound.heardAll ? this.#heard.endMs : 0
    this.#publishHeard(this.#heard, Math.max(positionMs, provenMs))
  }

  #publishHeard(heard: HeardAudio | null, untilMs: number): void {
    const originMs = this.#originMs ?? 0
    heard?.drain(untilMs, (payload, startMs) => {
      // Whole samples may begin a fraction before the origin.
      const positionMs = Math.max(0, startMs - originMs)
      this.#taps.publish('outbound', { payload, format: heard.format, positionMs })
    })
  }

  /** From `positionMs` on where nobody has listened before. */
  #hearing(positionMs: number): HeardAudio | null {
    const format = this.#outbound.streamFormat
    if (format && this.#heard?.format !== format) {
      this.#heard = new HeardAudio(format, positionMs)
      this.#outbound.tellSent(this.#heard)
    }
    return this.#heard
  }

  #stopHearing(): void {
    this.#heard = null
    this.#outbound.tellSent(null)
  }
}
