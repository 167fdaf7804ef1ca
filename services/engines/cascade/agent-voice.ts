import { type AudioFormat, durationMs } from '../../../audio/format.ts'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import { connectWithin } from './connect-within.ts'
import { SpokenText } from './spoken-text.ts'
import type { Speech, TextToSpeech, TextToSpeechProvider } from './text-to-speech.ts'

/** Words that have been sent are audible by then, or the service has stalled. */
const AUDIO_DEADLINE_MS = 2000
/** While the caller hears nothing. */
const RECONNECT_DEADLINE_MS = 1500

export interface VoiceListener {
  /** The next words, with the audio that they come with. */
  text(delta: string): void
  /** Valid during the call only. */
  audio(payload: Uint8Array): void
  /** Everything has been voiced. Not after `cancel`. */
  done(): void
}

export interface AgentVoiceOptions {
  /** In the order in which they are tried. At least one. */
  readonly providers: readonly TextToSpeechProvider[]
  readonly format: AudioFormat
  readonly clock: Clock
  /** Said before what is left where one of them failed the caller. */
  readonly apology: string
  readonly onTrouble: (code: string) => void
  readonly onUsage: (records: readonly UsageRecord[]) => void
  /** None of them speaks any more. */
  readonly onLost: (error: CallError) => void
}

/** The agent's voice, whoever makes it: a service that fails is opened once more, then the next one says the rest. */
export class AgentVoice {
  readonly #options: AgentVoiceOptions
  readonly #abort = new AbortController()
  #index = 0
  /** Whether the one in use has been opened again since it last spoke. */
  #reopened = false
  #service: TextToSpeech | null = null
  /** What is being said, or waits for a service to say it. */
  #voiced: VoicedText | null = null

  constructor(options: AgentVoiceOptions) {
    this.#options = options
  }

  /** Rejects with a CallError where none of them can be reached. */
  async connect(signal: AbortSignal): Promise<void> {
    for (;;) {
      const service = this.#provider.create(this.#options.onTrouble)
      try {
        await service.connect(signal)
        this.#service = service
        return
      } catch (error) {
        this.#options.onTrouble('tts_unreachable')
        if (signal.aborted || !this.#nextProvider()) throw error
      }
    }
  }

  /** One at a time. */
  begin(listener: VoiceListener): VoicedText {
    const { clock, format } = this.#options
    const voiced = new VoicedText(listener, {
      clock,
      format,
      onFailed: (error) => void this.#recover(voiced, error),
      onSent: (characters) => this.#use(characters),
      onSpoke: () => {
        this.#reopened = false
      }
    })
    this.#voiced = voiced
    if (this.#service) voiced.speakWith(this.#service, '')
    return voiced
  }

  close(): void {
    this.#abort.abort()
    this.#service?.close()
    this.#service = null
  }

  get #provider(): TextToSpeechProvider {
    return this.#options.providers[this.#index]
  }

  #nextProvider(): boolean {
    this.#reopened = false
    if (this.#index + 1 >= this.#options.providers.length) return false
    this.#index += 1
    return true
  }

  async #recover(voiced: VoicedText, cause: CallError): Promise<void> {
    const { clock, onLost, onTrouble } = this.#options
    onTrouble(`tts_${cause.detail ?? 'failed'}`)
    this.#service?.close()
    this.#service = null
    const before = this.#index
    let error = cause
    while (!this.#abort.signal.aborted) {
      if (!this.#reopened && error.retryable) this.#reopened = true
      else if (!this.#nextProvider()) return onLost(error)
      const service = this.#provider.create(this.#options.onTrouble)
      try {
        await connectWithin(RECONNECT_DEADLINE_MS, clock, this.#abort.signal, (signal) =>
          service.connect(signal)
        )
        this.#service = service
        // Where the caller has not noticed anything there is nothing to excuse.
        const noticed = cause.detail === 'stalled' || voiced.spoken.told !== '' || this.#index !== before
        const current = this.#voiced
        return current?.speakWith(service, noticed && current === voiced ? this.#options.apology : '')
      } catch (failure) {
        onTrouble('tts_unreachable')
        error = failure as CallError
      }
    }
  }

  #use(quantity: number): void {
    const { model, provider } = this.#provider
    this.#options.onUsage([{ provider, model, kind: 'tts', unit: 'character', quantity }])
  }
}

interface VoicedTextOptions {
  readonly clock: Clock
  readonly format: AudioFormat
  readonly onFailed: (error: CallError) => void
  readonly onSent: (characters: number) => void
  readonly onSpoke: () => void
}

/** Words being voiced, and what of them has been. */
export class VoicedText {
  readonly spoken = new SpokenText()
  readonly #listener: VoiceListener
  readonly #options: VoicedTextOptions
  #speech: Speech | null = null
  #finished = false
  #over = false
  #cancelDeadline: () => void = () => {}

  constructor(listener: VoiceListener, options: VoicedTextOptions) {
    this.#listener = listener
    this.#options = options
  }

  push(text: string): void {
    if (this.#over || this.#finished || text === '') return
    const first = this.spoken.rest === '' && this.spoken.told === ''
    this.spoken.push(text)
    if (!this.#speech) return
    this.#send(text)
    if (first) this.#expectAudio()
  }

  finish(): void {
    if (this.#over || this.#finished) return
    this.#finished = true
    if (!this.#speech) return
    this.#expectAudio()
    this.#speech.finish()
  }

  cancel(): void {
    this.#release()
    this.#speech?.cancel()
    this.#speech = null
  }

  /** Says what has not been voiced with this service; `apology` first, if there is something to say. */
  speakWith(service: TextToSpeech, apology: string): void {
    if (this.#over) return
    const rest =
      this.spoken.rest.trim() === '' ? '' : this.spoken.restart(apology === '' ? '' : `${apology} `)
    this.#speech = service.begin({
      audio: (payload) => this.#onAudio(payload),
      voiced: () => this.#tell(this.spoken.voiced()),
      done: () => this.#onDone(),
      failed: (error) => this.#fail(error)
    })
    if (rest !== '') {
      this.#send(rest)
      this.#expectAudio()
    }
    if (this.#finished) this.#speech.finish()
  }

  #send(text: string): void {
    this.#speech?.push(text)
    this.#options.onSent(text.length)
  }

  #expectAudio(): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.#options.clock.after(AUDIO_DEADLINE_MS, () => {
      const speech = this.#speech
      const message = 'No audio came from the voice'
      this.#fail(new CallError('ENGINE_UNAVAILABLE', message, { retryable: true, detail: 'stalled' }))
      speech?.cancel()
    })
  }

  #onAudio(payload: Uint8Array): void {
    if (this.#over) return
    this.#cancelDeadline()
    this.#options.onSpoke()
    this.#tell(this.spoken.audio(durationMs(this.#options.format, payload.byteLength)))
    this.#listener.audio(payload)
    if (this.#finished && !this.#over) this.#expectAudio()
  }

  #onDone(): void {
    if (this.#over) return
    this.#tell(this.spoken.voiced())
    this.#release()
    this.#listener.done()
  }

  #fail(error: CallError): void {
    if (this.#over) return
    this.#cancelDeadline()
    this.#speech = null
    this.#options.onFailed(error)
  }

  #tell(delta: string): void {
    if (delta !== '') this.#listener.text(delta)
  }

  #release(): void {
    this.#over = true
    this.#cancelDeadline()
  }
}
