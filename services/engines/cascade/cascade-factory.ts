import type { Logger } from 'pino'
import type { AudioFormat } from '../../../audio/format.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import type { CascadeConfig } from '../../config.ts'
import { loadSpeechClassifiers, type SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import type { PastTurn } from '../past-turns.ts'
import { CascadeEngine } from './cascade-engine.ts'
import { isFlux, listeningModel, voices } from './cascade-models.ts'
import { DeepgramTextToSpeech } from './deepgram-text-to-speech.ts'
import { FluxSpeechToText } from './flux-speech-to-text.ts'
import { NovaSpeechToText } from './nova-speech-to-text.ts'
import { OpenAiChatModel } from './openai-chat-model.ts'
import { OpenAiSpeechToText } from './openai-speech-to-text.ts'
import { OpenAiTextToSpeech } from './openai-text-to-speech.ts'
import type { SpeechToTextProvider } from './speech-to-text.ts'
import type { TextToSpeechProvider } from './text-to-speech.ts'

/** Of OpenAI's transcription of whole utterances, where Deepgram does not listen. */
const TRANSCRIPTION_MODEL = 'gpt-transcribe'

export interface CascadeCall {
  readonly profile: AgentProfile
  readonly format: AudioFormat
  readonly tools: readonly ToolSpec[]
  readonly past?: readonly PastTurn[]
}

/** The cascades of this process. */
export class CascadeFactory {
  readonly #config: CascadeConfig
  readonly #clock: Clock
  readonly #log: Logger
  readonly #models: readonly OpenAiChatModel[]
  #classifiers: Promise<SpeechClassifiers> | null = null

  constructor(options: { config: CascadeConfig; clock: Clock; log: Logger }) {
    this.#config = options.config
    this.#clock = options.clock
    this.#log = options.log
    this.#models = options.config.models.map((model) => new OpenAiChatModel(model))
  }

  /** What the first call would wait for otherwise. */
  warm(): void {
    this.#started().catch(() => {})
    import('@deepgram/sdk').catch(() => {})
  }

  create({ profile, format, tools, past }: CascadeCall): CascadeEngine {
    return new CascadeEngine({
      profile,
      tools,
      format,
      clock: this.#clock,
      speechToText: this.#listeners(profile, format),
      models: this.#models,
      textToSpeech: this.#voices(profile, format),
      classifiers: this.#started(),
      past
    })
  }

  async close(): Promise<void> {
    const classifiers = await this.#classifiers?.catch(() => null)
    classifiers?.close()
  }

  #started(): Promise<SpeechClassifiers> {
    this.#classifiers ??= loadSpeechClassifiers({ detector: 'webrtc', log: this.#log })
    return this.#classifiers
  }

  #listeners({ language }: AgentProfile, format: AudioFormat): SpeechToTextProvider[] {
    const { deepgram, openai, sttModel } = this.#config
    const model = listeningModel(language, sttModel)
    const options = { access: deepgram, model, language, format, clock: this.#clock }
    return [
      {
        provider: 'deepgram',
        model,
        streams: true,
        create: (listener) =>
          isFlux(model) ? new FluxSpeechToText(options, listener) : new NovaSpeechToText(options, listener)
      },
      {
        provider: 'openai',
        model: TRANSCRIPTION_MODEL,
        streams: false,
        create: (listener, classifiers) =>
          new OpenAiSpeechToText(
            { access: openai, model: TRANSCRIPTION_MODEL, language, format, classifiers },
            listener
          )
      }
    ]
  }

  #voices({ language, voice }: AgentProfile, format: AudioFormat): TextToSpeechProvider[] {
    const { deepgram, openai, openaiTtsModel: model, openaiVoice, ttsModel, ttsProvider } = this.#config
    const choices = voices({
      language,
      voice,
      preferred: ttsProvider,
      deepgramVoice: ttsModel,
      openaiVoice
    })
    return choices.map((choice) =>
      choice.provider === 'openai'
        ? {
            provider: choice.provider,
            model,
            create: () => new OpenAiTextToSpeech({ access: openai, model, voice: choice.voice, format })
          }
        : {
            provider: choice.provider,
            model: choice.model,
            create: (onTrouble) =>
              new DeepgramTextToSpeech({
                access: deepgram,
                model: choice.model,
                format,
                clock: this.#clock,
                onTrouble
              })
          }
    )
  }
}
