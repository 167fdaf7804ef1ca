import type OpenAI from 'openai'
import { toFile } from 'openai'
import type { AudioFormat } from '../../../audio/format.ts'
import { wavHeader } from '../../../audio/wav.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import { CallerEars, type Utterance } from '../local/caller-ears.ts'
import { createOpenAi, type OpenAiAccess, openAiError, reachOpenAi } from './openai-chat-model.ts'
import type { SpeechToText, SpeechToTextListener } from './speech-to-text.ts'

/** Nobody waits longer for their words to be understood. */
const DEADLINE_MS = 5000

export interface OpenAiSpeechToTextOptions {
  readonly access: OpenAiAccess
  readonly model: string
  /** BCP 47, of the agent. */
  readonly language: string
  readonly format: AudioFormat
  readonly classifiers: Pick<SpeechClassifiers, 'create'>
  readonly deadlineMs?: number
}

/** The second choice: utterances are found here, and each is transcribed whole by OpenAI, with no words in between. */
export class OpenAiSpeechToText implements SpeechToText {
  readonly #options: OpenAiSpeechToTextOptions
  readonly #listener: SpeechToTextListener
  readonly #client: OpenAI
  readonly #abort = new AbortController()
  readonly #ears: CallerEars
  /** One after the other. */
  #transcribing: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(options: OpenAiSpeechToTextOptions, listener: SpeechToTextListener) {
    this.#options = options
    this.#listener = listener
    this.#client = createOpenAi(options.access)
    this.#ears = new CallerEars({
      format: options.format,
      classifiers: options.classifiers,
      onStarted: () => listener.started(),
      onPaused: () => {},
      onStopped: (utterance) => this.#onStopped(utterance)
    })
  }

  connect(signal: AbortSignal): Promise<void> {
    return reachOpenAi(this.#client, this.#options.model, signal)
  }

  sendAudio(payload: Uint8Array): void {
    if (this.#abort.signal.aborted) return
    this.#ears.push(payload)
    // The silence of this one is no sign of anything: it answers at the end.
    this.#listener.answered()
  }

  close(): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    this.#ears.close()
  }

  #onStopped(utterance: Utterance): void {
    this.#transcribing = this.#transcribing.then(() => this.#transcribe(utterance))
  }

  async #transcribe({ pcm }: Utterance): Promise<void> {
    const { deadlineMs = DEADLINE_MS, language, model } = this.#options
    const { signal } = this.#abort
    try {
      const data = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
      const header = wavHeader({ sampleRate: 16_000, channels: 1, dataBytes: data.byteLength })
      const file = await toFile(Buffer.concat([header, data]), 'utterance.wav')
      const { text } = await this.#client.audio.transcriptions.create(
        { file, model, language: language.split('-')[0] },
        { signal, timeout: deadlineMs }
      )
      this.#failures = 0
      if (!signal.aborted) this.#ended(text.trim())
    } catch (error) {
      if (signal.aborted) return
      this.#failures += 1
      if (this.#failures > 1) return this.#listener.lost(openAiError(error))
      this.#listener.trouble('transcription_failed')
      this.#ended('')
    }
  }

  #ended(text: string): void {
    if (text !== '') this.#listener.heard(text)
    this.#listener.ended(text)
  }
}
