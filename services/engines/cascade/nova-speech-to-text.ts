import type { Deepgram, DeepgramClient } from '@deepgram/sdk'
import { type AudioFormat, bytesPerMs } from '../../../audio/format.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { type DeepgramAccess, DeepgramConnection } from './deepgram-connection.ts'
import { deepgramEncoding } from './deepgram-encoding.ts'
import type { SpeechToText, SpeechToTextListener } from './speech-to-text.ts'

/** Of silence after which a stretch of speech is final. Less cuts callers off between words. */
const ENDPOINTING_MS = 300
/** The least that the service allows; it comes where no silence is found in noise. */
const UTTERANCE_END_MS = 1000
/** More silence for words that are no whole sentence: "my number is". */
const UNFINISHED_MS = 500
const SENTENCE_END = /[.!?…。！？]["'»)]*$/
/** It closes after 10 s without audio or this. */
const KEEP_ALIVE_MS = 4000
/** Of caller audio unsent; what is older than this is of no use to a conversation. */
const SEND_LIMIT_MS = 10_000

type Socket = Awaited<ReturnType<DeepgramClient['listen']['v1']['connect']>>
type Message =
  | Deepgram.listen.ListenV1Results
  | Deepgram.listen.ListenV1UtteranceEnd
  | Deepgram.listen.ListenV1SpeechStarted
  | Deepgram.listen.ListenV1Metadata

export interface ListenOptions {
  readonly access: DeepgramAccess
  readonly model: string
  /** BCP 47, of the agent. */
  readonly language: string
  readonly format: AudioFormat
  readonly clock: Clock
}

/** Deepgram's `/v1/listen`: nova-3 and its like. An utterance is what is final until the endpoint. */
export class NovaSpeechToText implements SpeechToText {
  readonly #options: ListenOptions
  readonly #listener: SpeechToTextListener
  readonly #connection: DeepgramConnection<Socket, Message>
  readonly #sendLimitBytes: number
  #final: string[] = []
  #speaking = false
  /** There were words, though they may have been taken back. */
  #worded = false
  #sentSinceTick = false
  #cancelKeepAlive: () => void = () => {}
  #cancelEnd: (() => void) | null = null

  constructor(options: ListenOptions, listener: SpeechToTextListener) {
    this.#options = options
    this.#listener = listener
    this.#sendLimitBytes = SEND_LIMIT_MS * bytesPerMs(options.format)
    this.#connection = new DeepgramConnection<Socket, Message>({
      access: options.access,
      clock: options.clock,
      create: (client) => client.listen.v1.connect(this.#parameters()),
      onMessage: (message) => this.#onMessage(message),
      onMalformed: () => listener.trouble('stt_malformed'),
      onLost: (error) => {
        this.#release()
        listener.lost(error)
      }
    })
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#connection.open(signal)
    this.#keepAlive()
  }

  sendAudio(payload: Uint8Array): void {
    if (payload.byteLength === 0 || this.#connection.bufferedBytes > this.#sendLimitBytes) return
    this.#sentSinceTick = true
    // Masked into a buffer of the socket's own at once, as every client's frame is.
    this.#connection.socket?.sendMedia(payload)
  }

  close(): void {
    this.#release()
    this.#connection.close((socket) => socket.sendCloseStream({ type: 'CloseStream' }))
  }

  #parameters() {
    const { format, language, model } = this.#options
    return {
      model,
      language,
      ...deepgramEncoding(format),
      channels: 1,
      interim_results: 'true',
      smart_format: 'true',
      vad_events: 'true',
      endpointing: ENDPOINTING_MS,
      utterance_end_ms: UTTERANCE_END_MS,
      reconnectAttempts: 0
    } as Parameters<DeepgramClient['listen']['v1']['connect']>[0]
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#options.clock.after(KEEP_ALIVE_MS, () => {
      if (!this.#sentSinceTick) this.#connection.socket?.sendKeepAlive({ type: 'KeepAlive' })
      this.#sentSinceTick = false
      this.#keepAlive()
    })
  }

  #onMessage(message: Message): void {
    if (message.type === 'Metadata') return
    this.#listener.answered()
    if (message.type === 'SpeechStarted') this.#started()
    else if (message.type === 'Results') this.#onResults(message)
    // After `speech_final` there is nothing left for it to end.
    else if (message.type === 'UtteranceEnd' && this.#worded) this.#end()
  }

  #onResults({ channel, is_final, speech_final, from_finalize }: Deepgram.listen.ListenV1Results): void {
    const transcript = channel.alternatives[0]?.transcript ?? ''
    if (transcript !== '') {
      if (!this.#speaking) this.#started()
      this.#worded = true
      this.#goOn()
      if (is_final) this.#final.push(transcript)
      this.#listener.heard(is_final ? this.#text : `${this.#text} ${transcript}`.trim())
    }
    if (speech_final || from_finalize) this.#endpoint()
  }

  get #text(): string {
    return this.#final.join(' ')
  }

  /** Told again where it begins again: what began before may have been taken for nothing. */
  #started(): void {
    this.#speaking = true
    this.#listener.started()
  }

  #endpoint(): void {
    if (!this.#speaking) return
    if (this.#final.length === 0 || SENTENCE_END.test(this.#text)) return this.#end()
    this.#listener.maybeEnded(this.#text)
    this.#cancelEnd ??= this.#options.clock.after(UNFINISHED_MS, () => this.#end())
  }

  #goOn(): void {
    if (!this.#cancelEnd) return
    this.#cancelEnd()
    this.#cancelEnd = null
    this.#listener.resumed()
  }

  #end(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    const text = this.#text
    this.#final = []
    this.#worded = false
    this.#speaking = false
    this.#listener.ended(text)
  }

  #release(): void {
    this.#cancelKeepAlive()
    this.#cancelEnd?.()
    this.#cancelEnd = null
  }
}
