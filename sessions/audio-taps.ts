import type { AudioFormat } from '../audio/format.ts'

/** Of the call: what the caller says, and what the caller hears of the agent. */
export type AudioTrack = 'inbound' | 'outbound'

export interface TappedAudio {
  /** Valid during the call of the listener only. */
  readonly payload: Uint8Array
  readonly format: AudioFormat
  /** Of the payload's first sample, in ms since the call's first frame began; the same clock for both tracks. */
  readonly positionMs: number
}

export type AudioTap = (audio: TappedAudio) => void

/**
 * Where others may listen to a live call. Inbound audio comes as the carrier sent it; outbound audio as the caller
 * hears it, silence included, so that both tracks of a call are equally long. Nothing is prepared for nobody.
 */
export class AudioTaps {
  readonly #taps = { inbound: new Set<AudioTap>(), outbound: new Set<AudioTap>() }

  /** Returns the function that unsubscribes. A listener that throws is unsubscribed: the call goes on without it. */
  subscribe(track: AudioTrack, tap: AudioTap): () => void {
    // Of its own, so that the same function may listen twice.
    const entry: AudioTap = (audio) => tap(audio)
    this.#taps[track].add(entry)
    return () => void this.#taps[track].delete(entry)
  }

  wants(track: AudioTrack): boolean {
    return this.#taps[track].size > 0
  }

  publish(track: AudioTrack, audio: TappedAudio): void {
    for (const tap of this.#taps[track]) {
      try {
        tap(audio)
      } catch {
        this.#taps[track].delete(tap)
      }
    }
  }
}
