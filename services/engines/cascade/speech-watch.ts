import type { AudioFormat } from '../../../audio/format.ts'
import { createTranscoder, type Transcoder } from '../../../audio/transcoder.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import { SpeechDetector } from '../../speech/speech-detector.ts'

const RATE_HZ = 8000

/** Whether the caller speaks, found out here and now: what a listening service is held against. */
export class SpeechWatch {
  readonly #transcoder: Transcoder
  readonly #detector: SpeechDetector

  constructor(format: AudioFormat, classifiers: Pick<SpeechClassifiers, 'create'>) {
    this.#transcoder = createTranscoder(format, { encoding: 'pcm16', sampleRate: RATE_HZ })
    this.#detector = new SpeechDetector({ sampleRate: RATE_HZ, classifier: classifiers.create(RATE_HZ) })
  }

  push(payload: Uint8Array): boolean {
    const bytes = this.#transcoder.push(payload)
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
    this.#detector.push(new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1))
    return this.#detector.speaking
  }

  close(): void {
    this.#detector.close()
  }
}
