import type { AudioTap, AudioTapSource, AudioTrack, TappedAudio } from './contracts/audio-tap.ts'

export type { AudioTap, AudioTrack, TappedAudio }

/**
 * Where others may listen to a live call. Inbound audio comes as the carrier sent it; outbound audio as the caller
 * hears it, silence included, so that both tracks of a call are equally long. Nothing is prepared for nobody.
 */
export class AudioTaps implements AudioTapSource {
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
