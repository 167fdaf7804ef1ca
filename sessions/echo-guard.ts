import { EchoComparison } from '../audio/echo-likeness.ts'
import { type AudioFormat, bytesPerMs, PCM16_24K, PCMU_8K } from '../audio/format.ts'
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

/** Until all of it is compiled for good. */
const WARM_UP_ROUNDS = 20
const FRAME_MS = 20

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

  /** Agent audio, as it is sent: heard from `atMs` on the media clock on. May lie far ahead. */
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
   * Whether the last half second of the caller is the agent's voice and nothing else. About 0.4 ms. An echo may turn
   * into a caller: while it goes on, ask again.
   */
  suspected(): boolean {
    const { sound, source } = this.#comparison
    const { format } = this.#caller
    if (!format) return false
    new SpeechBand(format).push(this.#caller.last(), sound)
    this.#agent.read(this.#caller.endMs, source)
    const likeness = this.#comparison.compare()
    if (!likeness || likeness.unexplainedPeak > MAX_UNEXPLAINED_PEAK) return false
    if (likeness.explained > MIN_EXPLAINED_BY_ROOM) return true
    return likeness.explained > MIN_EXPLAINED && likeness.correlation > MIN_CORRELATION
  }
}

/**
 * Asks about echoes and about strangers some times. The first questions of a process take up to 40 ms each, before they
 * are compiled; a caller who interrupts must not wait for that.
 */
export function warmUpEchoGuard(comparison: EchoComparison): void {
  // What phones mostly send, and how engines and transcoders mostly hand it on; and all that is rarer.
  const kinds = [PCMU_8K, PCMU_8K, PCM16_24K].flatMap((format, kind) => {
    const [one, other] = [1, 2].map((seed) => anySound(comparison.sourceMs * bytesPerMs(format), seed))
    const agent = kind === 0 ? Buffer.from(one) : one
    return [agent, other].map((caller) => ({ format, agent, caller }))
  })
  for (let round = 0; round < WARM_UP_ROUNDS; round++)
    for (const { format, agent, caller } of kinds) {
      const frameBytes = FRAME_MS * bytesPerMs(format)
      const guard = new EchoGuard(comparison)
      for (let at = 0; at < agent.length; at += 5 * frameBytes)
        guard.heard(agent.subarray(at, at + 5 * frameBytes), format, at / bytesPerMs(format))
      for (let at = 0; at < caller.length; at += frameBytes)
        guard.caller(caller.subarray(at, at + frameBytes), format, at / bytesPerMs(format))
      guard.suspected()
    }
}

/** Numerical Recipes' congruential generator, its upper bits. */
function anySound(bytes: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state >>> 24
  })
}
