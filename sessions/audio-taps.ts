import type { AudioTap, AudioTapSource, AudioTrack, TappedAudio } from './contracts/audio-tap.ts'

export type { AudioTap, AudioTrack, TappedAudio }

/**
 * Where others may listen to a live call. Inbound audio comes as the carrier sent it; outbound audio as the caller
 * hears it, silence included, so that both tracks of a call are equally long. Nothing is prepared for nobody.
 */
export class AudioTaps implements AudioTapSource {
  readonly #inbound = new Set<AudioTap>()
  readonly #outbound = new Set<AudioTap>()
  /** Asked for each frame: nothing more is to be looked at while nobody listens. */
  #wanted = false

  /** Returns the function that unsubscribes. A listener that throws is unsubscribed: the call goes on without it. */
  subscribe(track: AudioTrack, tap: AudioTap): () => void {
    // Of its own, so that the same function may listen twice.
    const entry: AudioTap = (audio) => tap(audio)
    this.#of(track).add(entry)
    this.#wanted = true
    return () => this.#drop(track, entry)
  }

  /** Whether anybody listens to anything. */
  get wanted(): boolean {
    return this.#wanted
  }

  wants(track: AudioTrack): boolean {
    return this.#of(track).size > 0
  }

  publish(track: AudioTrack, audio: TappedAudio): void {
    for (const tap of this.#of(track)) {
      try {
        tap(audio)
      } catch {
        this.#drop(track, tap)
      }
    }
  }

  #drop(track: AudioTrack, tap: AudioTap): void {
    this.#of(track).delete(tap)
    this.#wanted = this.#inbound.size > 0 || this.#outbound.size > 0
  }

  #of(track: AudioTrack): Set<AudioTap> {
    return track === 'inbound' ? this.#inbound : this.#outbound
  }
}
