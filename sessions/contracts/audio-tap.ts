import type { AudioFormat } from '../../audio/format.ts'

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

/** Where others may listen to a live call: for each frame of the caller, that frame, then what was heard meanwhile. */
export interface AudioTapSource {
  /** Returns the function that unsubscribes. A listener that throws is unsubscribed: the call goes on without it. */
  subscribe(track: AudioTrack, tap: AudioTap): () => void
}
