import { EchoComparison } from '../audio/echo-likeness.ts'
import type { AudioFormat } from '../audio/format.ts'
import { RecentAudio } from '../audio/recent-audio.ts'
import { SpeechBand } from '../audio/speech-band.ts'
import { AudioTimeline } from './audio-timeline.ts'

/**
 * Of 4000 echoes 60 to 400 ms late, 6 to 25 dB down, through mu-law, dull and noisy, 96 % pass; of 12,000 callers who
 * speak over the agent, alone or with an echo 6 or 10 dB below them, none. Where a filter explains much more than the
 * plain correlation, it has found a room, or, if not nearly all, a vowel that happens to be like another.
 */
const MIN_EXPLAINED = 0.5
const MIN_CORRELATION = 0.71
const MIN_EXPLAINED_BY_ROOM = 0.75
/** Above this somebody spoke for 50 ms at least. */
const MAX_UNEXPLAINED_PEAK = 0.4

/**
 * Tells the agent's own voice, coming back from the caller's loudspeaker, from a caller who speaks over the agent.
 *
 * Both directions are kept on the media clock, the caller's for half a second, the agent's for a second, as they came:
 * a copy of a frame. They are filtered and compared only when asked.
 */
export class EchoGuard {
  readonly #agent = new AudioTimeline()
  readonly #caller: RecentAudio
  /** Holds nothing between questions: the calls of a process can share one. */
  readonly #comparison: EchoComparison

  constructor(comparison = new EchoComparison()) {
    this.#comparison = comparison
    this.#caller = new RecentAudio(comparison.soundMs)
  }

  /** Agent audio, as it is sent: heard from `atMs` on the media clock on. May lie far ahead. `payload` is kept. */
  heard(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    this.#agent.pass(this.#caller.endMs, this.#comparison.sourceMs)
    this.#agent.lay(payload, format, atMs)
  }

  /** The carrier was cleared: what lies behind `atMs` will not be heard. */
  cleared(atMs: number): void {
    this.#agent.pass(this.#caller.endMs, this.#comparison.sourceMs)
    this.#agent.cut(atMs)
  }

  /** Caller audio, as it comes: recorded from `atMs` on. */
  caller(payload: Uint8Array, format: AudioFormat, atMs: number): void {
    this.#caller.push(payload, format, atMs)
  }

  /** Everything was heard: what is past need not be kept until the agent speaks again. */
  settled(): void {
    this.#agent.pass(this.#caller.endMs, this.#comparison.sourceMs)
  }

  /**
   * Whether the last half second of the caller is the agent's voice and nothing else. About 0.7 ms. An echo may turn
   * into a caller: while it goes on, ask again.
   */
  suspected(): boolean {
    const { sound, source } = this.#comparison
    const { format } = this.#caller
    if (!format) return false
    sound.set(new SpeechBand(format).push(this.#caller.last()))
    this.#agent.read(this.#caller.endMs, source)
    const likeness = this.#comparison.compare()
    if (!likeness || likeness.unexplainedPeak > MAX_UNEXPLAINED_PEAK) return false
    if (likeness.explained > MIN_EXPLAINED_BY_ROOM) return true
    return likeness.explained > MIN_EXPLAINED && likeness.correlation > MIN_CORRELATION
  }
}
