import type { ChatModel, ChatPiece, ChatRequest } from '../../services/engines/cascade/chat-model.ts'
import type {
  SpeechToTextListener,
  SpeechToTextProvider
} from '../../services/engines/cascade/speech-to-text.ts'
import type {
  Speech,
  SpeechListener,
  TextToSpeech,
  TextToSpeechProvider
} from '../../services/engines/cascade/text-to-speech.ts'
import type { SpeechClassifier } from '../../services/speech/speech-classifier.ts'
import type { ManualClock } from './manual-clock.ts'

/** Hears no speech in what is none: utterances are told by the test. */
export const DEAF: SpeechClassifier = {
  ...{ onsetMs: 60, onsetLagMs: 0, endLagMs: 0 },
  classify: () => 'other',
  close: () => undefined
}

/** Said before a tool is called: no answer yet. */
export const ONE_MOMENT = 'One moment. '

/** What speech takes at an ordinary pace. */
const MS_PER_CHARACTER = 65
const WORDS = ['this ', 'is ', 'what ', 'you ', 'get. ']
const BYTES_PER_MS = 8

/** What one speech was made into, whose audio is one mu-law byte throughout: so the carrier knows whose it plays. */
export interface VirtualSpeech {
  readonly byte: number
  readonly begunAt: number
  text: string
  generatedMs: number
  /** Cancelled before all of it was made, but for the blank behind the last word. */
  cancelled: boolean
}

export interface VirtualCascadeOptions {
  readonly clock: ManualClock
  /**
   * Of the nth request to the chat model, from 0: how long until its first word, and how many there are. `tool`: it says
   * ONE_MOMENT and calls a tool instead, if it did not do so the time before.
   */
  readonly reply: (index: number) => { firstMs: number; words: number; tool?: boolean }
  /** How long the voice takes to its first sound. */
  readonly voiceMs: number
  /** Times faster than speech, of model and voice. */
  readonly speed: number
  readonly deltaMs: number
}

/** The three services of a cascade on a manual clock, which take the time they are told to. Utterances come from the test. */
export class VirtualCascade {
  readonly speeches: VirtualSpeech[] = []
  /** What the chat model was asked, in order. */
  readonly requests: ChatRequest[] = []
  readonly speechToText: SpeechToTextProvider
  readonly model: ChatModel
  readonly textToSpeech: TextToSpeechProvider
  /** Of the caller, once the engine listens. */
  listener: SpeechToTextListener | null = null
  #calledTool = false
  /** Completions and speeches under way. */
  busy = 0
  readonly #options: VirtualCascadeOptions

  constructor(options: VirtualCascadeOptions) {
    this.#options = options
    this.speechToText = {
      ...{ provider: 'virtual', model: 'ears', streams: true },
      create: (listener) => {
        this.listener = listener
        return { connect: async () => undefined, sendAudio: () => undefined, close: () => undefined }
      }
    }
    this.model = {
      model: 'virtual',
      warm: () => undefined,
      stream: (request, signal) => this.#complete(request, signal)
    }
    this.textToSpeech = { provider: 'virtual', model: 'voice', create: () => this.#createVoice() }
  }

  async *#complete(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPiece> {
    const { reply, speed } = this.#options
    const { firstMs, words, tool = false } = reply(this.requests.length)
    this.requests.push(request)
    this.busy += 1
    try {
      this.#calledTool = tool && !this.#calledTool
      if (this.#calledTool) {
        await this.#sleep(firstMs, signal)
        yield { type: 'text', text: ONE_MOMENT }
        const call = { id: `call_${this.requests.length}`, name: 'look_up', arguments: '{}' }
        return yield { type: 'calls', calls: [call] }
      }
      for (let word = 0; word < words; word++) {
        const text = WORDS[word % WORDS.length]
        await this.#sleep(word === 0 ? firstMs : (text.length * MS_PER_CHARACTER) / speed, signal)
        yield { type: 'text', text }
      }
    } finally {
      this.busy -= 1
    }
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const cancel = this.#options.clock.after(ms, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        reject(signal.reason)
      })
    })
  }

  #createVoice(): TextToSpeech {
    return {
      connect: async () => undefined,
      begin: (listener) => this.#speak(listener),
      close: () => undefined
    }
  }

  #speak(listener: SpeechListener): Speech {
    const { clock, deltaMs, speed, voiceMs } = this.#options
    let leftMs = 0
    let isFinished = false
    let speech: VirtualSpeech | null = null
    let cancelStep: (() => void) | null = null
    this.busy += 1

    const end = (): void => {
      cancelStep?.()
      cancelStep = null
      this.busy -= 1
    }
    const step = (): void => {
      cancelStep = null
      const ms = Math.min(deltaMs, leftMs)
      if (speech && ms > 0) {
        leftMs -= ms
        speech.generatedMs += ms
        listener.audio(Buffer.alloc(ms * BYTES_PER_MS, speech.byte))
        cancelStep ??= clock.after(ms / speed, step)
      } else if (isFinished) {
        end()
        listener.voiced()
        listener.done()
      }
    }
    return {
      push: (text) => {
        speech ??= this.#begin()
        speech.text += text
        leftMs += text.length * MS_PER_CHARACTER
        cancelStep ??= clock.after(voiceMs, step)
      },
      finish: () => {
        isFinished = true
        cancelStep ??= clock.after(0, step)
      },
      cancel: () => {
        if (speech) speech.cancelled = leftMs > MS_PER_CHARACTER || !isFinished
        end()
      }
    }
  }

  #begin(): VirtualSpeech {
    const begunAt = this.#options.clock.now()
    const byte = this.speeches.length + 1
    const speech = { byte, begunAt, text: '', generatedMs: 0, cancelled: false }
    this.speeches.push(speech)
    return speech
  }
}
