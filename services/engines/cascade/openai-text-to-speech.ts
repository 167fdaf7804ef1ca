import type OpenAI from 'openai'
import { type AudioFormat, PCM16_24K } from '../../../audio/format.ts'
import { createTranscoder } from '../../../audio/transcoder.ts'
import { createOpenAi, type OpenAiAccess, openAiError, reachOpenAi } from './openai-chat-model.ts'
import type { Speech, SpeechListener, TextToSpeech } from './text-to-speech.ts'

export interface OpenAiTextToSpeechOptions {
  readonly access: OpenAiAccess
  readonly model: string
  readonly voice: string
  /** The call's. */
  readonly format: AudioFormat
}

/** OpenAI's speech endpoint: PCM16 at 24 kHz by request, the next request made while the last one is heard. */
export class OpenAiTextToSpeech implements TextToSpeech {
  readonly #options: OpenAiTextToSpeechOptions
  readonly #client: OpenAI
  #speech: OpenAiSpeech | null = null

  constructor(options: OpenAiTextToSpeechOptions) {
    this.#options = options
    this.#client = createOpenAi(options.access)
  }

  connect(signal: AbortSignal): Promise<void> {
    return reachOpenAi(this.#client, this.#options.model, signal)
  }

  begin(listener: SpeechListener): Speech {
    this.#speech = new OpenAiSpeech(this.#client, this.#options, listener)
    return this.#speech
  }

  close(): void {
    this.#speech?.cancel()
  }
}

type Body = AsyncIterable<Uint8Array>

class OpenAiSpeech implements Speech {
  readonly #client: OpenAI
  readonly #options: OpenAiTextToSpeechOptions
  readonly #listener: SpeechListener
  readonly #abort = new AbortController()
  #text = ''
  #finished = false
  /** Whether the words after those that are being handed on have been asked for. */
  #asked = false
  #wake: () => void = () => {}

  constructor(client: OpenAI, options: OpenAiTextToSpeechOptions, listener: SpeechListener) {
    this.#client = client
    this.#options = options
    this.#listener = listener
    void this.#run()
  }

  /** Words that come while others are being made go together. */
  push(text: string): void {
    this.#text += text
    this.#wake()
  }

  finish(): void {
    this.#finished = true
    this.#wake()
  }

  cancel(): void {
    this.#abort.abort()
    this.#wake()
  }

  async #run(): Promise<void> {
    const transcoder = createTranscoder(PCM16_24K, this.#options.format)
    const hand = (payload: Uint8Array) => {
      if (payload.byteLength > 0 && !this.#abort.signal.aborted) this.#listener.audio(payload)
    }
    try {
      for (let body = await this.#next(); body; ) {
        this.#asked = false
        const ahead = this.#next()
        ahead.catch(() => {})
        for await (const piece of body) hand(transcoder.push(piece))
        if (!this.#asked && this.#text === '' && !this.#finished) this.#listener.voiced()
        body = await ahead
      }
      hand(transcoder.flush())
      if (!this.#abort.signal.aborted) this.#listener.done()
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#listener.failed(openAiError(error))
    }
  }

  /** The audio of the next words, as soon as there are any; null at the end. */
  async #next(): Promise<Body | null> {
    while (this.#text.trim() === '') {
      if (this.#finished || this.#abort.signal.aborted) return null
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    const input = this.#text
    this.#text = ''
    this.#asked = true
    const { model, voice } = this.#options
    const { signal } = this.#abort
    const response = await this.#client.audio.speech.create(
      { model, voice, input, response_format: 'pcm' },
      { signal }
    )
    return response.body as unknown as Body
  }
}
