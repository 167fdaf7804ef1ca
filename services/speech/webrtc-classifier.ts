import { PitchGate } from './pitch-gate.ts'
import type { SpeechClass, SpeechClassifier } from './speech-classifier.ts'
import { ToneGate } from './tone-gate.ts'
import type { WebRtcVad } from './webrtc-vad.ts'

/** While the caller speaks, every fifth frame is looked at for tones: nobody waits for that answer. */
const TONE_CHECK_FRAMES = 5

/**
 * Speech to the WebRTC detector, which also takes tones and changing noise for it; so, not a tone, and voiced where
 * it begins. A frame of silence costs about 2 microseconds, one of speech 8.
 */
export class WebRtcClassifier implements SpeechClassifier {
  readonly onsetMs = 100
  readonly onsetLagMs = 0
  readonly endLagMs = 0
  readonly #sampleRate: 8000 | 16000
  readonly #vad: WebRtcVad
  readonly #toneGate: ToneGate
  readonly #pitchGate: PitchGate
  #frames = 0
  #tone = false

  /** `vad`: its own instance, closed with it. */
  constructor({ sampleRate, vad }: { sampleRate: 8000 | 16000; vad: WebRtcVad }) {
    this.#sampleRate = sampleRate
    this.#vad = vad
    this.#toneGate = new ToneGate({ sampleRate })
    this.#pitchGate = new PitchGate({ sampleRate })
  }

  classify(frame: Int16Array, loud: boolean, speaking: boolean): SpeechClass {
    this.#frames++
    this.#pitchGate.push(frame)
    // The detector learns from noise and silence what speech must stand out from: it has to hear all frames.
    const heard = this.#vad.isSpeech(frame, this.#sampleRate)
    if (!heard || !loud || this.#isTone(frame, speaking)) return 'other'
    return !speaking && this.#pitchGate.isVoiced() ? 'voiced' : 'speech'
  }

  close(): void {
    this.#vad.close()
  }

  #isTone(frame: Int16Array, speaking: boolean): boolean {
    if (!speaking || this.#frames % TONE_CHECK_FRAMES === 0) this.#tone = this.#toneGate.isTone(frame)
    return this.#tone
  }
}
