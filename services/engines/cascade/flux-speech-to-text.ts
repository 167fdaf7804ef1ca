import type { Deepgram, DeepgramClient } from '@deepgram/sdk'
import { bytesPerMs, silence } from '../../../audio/format.ts'
import { DeepgramConnection } from './deepgram-connection.ts'
import { deepgramEncoding } from './deepgram-encoding.ts'
import type { ListenOptions } from './nova-speech-to-text.ts'
import type { SpeechToText, SpeechToTextListener } from './speech-to-text.ts'

/** How sure Flux must be that the caller has finished (its own default), and to say so early. */
const END_OF_TURN = 0.7
const EAGER_END_OF_TURN = 0.4
/** It has no KeepAlive: where the carrier sends nothing, silence keeps it. */
const KEEP_ALIVE_MS = 4000
const KEEP_ALIVE_AUDIO_MS = 100
const SEND_LIMIT_MS = 10_000

type Socket = Awaited<ReturnType<DeepgramClient['listen']['v2']['connect']>>
type Message =
  | Deepgram.listen.ListenV2Connected
  | Deepgram.listen.ListenV2TurnInfo
  | Deepgram.listen.ListenV2ConfigureSuccess
  | Deepgram.listen.ListenV2ConfigureFailure
  | Deepgram.listen.ListenV2FatalError

/** Deepgram's `/v2/listen`: Flux finds the end of the turn by what is said, and tells early that it may be there. */
export class FluxSpeechToText implements SpeechToText {
  readonly #options: ListenOptions
  readonly #listener: SpeechToTextListener
  readonly #connection: DeepgramConnection<Socket, Message>
  readonly #sendLimitBytes: number
  #sentSinceTick = false
  #cancelKeepAlive: () => void = () => {}

  constructor(options: ListenOptions, listener: SpeechToTextListener) {
    this.#options = options
    this.#listener = listener
    this.#sendLimitBytes = SEND_LIMIT_MS * bytesPerMs(options.format)
    this.#connection = new DeepgramConnection<Socket, Message>({
      access: options.access,
      clock: options.clock,
      create: (client) => client.listen.v2.connect(this.#parameters()),
      onMessage: (message) => this.#onMessage(message),
      onMalformed: () => listener.trouble('stt_malformed'),
      onLost: (error) => {
        this.#cancelKeepAlive()
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
    this.#cancelKeepAlive()
    this.#connection.close((socket) => socket.sendCloseStream({ type: 'CloseStream' }))
  }

  #parameters() {
    const { format, language, model } = this.#options
    return {
      model,
      ...deepgramEncoding(format),
      eot_threshold: END_OF_TURN,
      eager_eot_threshold: EAGER_END_OF_TURN,
      ...(model === 'flux-general-multi' && { language_hint: language.split('-')[0] }),
      reconnectAttempts: 0
    }
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#options.clock.after(KEEP_ALIVE_MS, () => {
      if (!this.#sentSinceTick) this.sendAudio(silence(this.#options.format, KEEP_ALIVE_AUDIO_MS))
      this.#sentSinceTick = false
      this.#keepAlive()
    })
  }

  #onMessage(message: Message): void {
    if (message.type === 'Error') this.#listener.trouble(message.code)
    if (message.type !== 'TurnInfo') return
    this.#listener.answered()
    const { event, transcript } = message
    if (event === 'StartOfTurn') this.#listener.started()
    if (event === 'TurnResumed') this.#listener.resumed()
    if (event === 'EagerEndOfTurn') this.#listener.maybeEnded(transcript)
    else if (event === 'EndOfTurn') this.#listener.ended(transcript)
    else if (transcript !== '') this.#listener.heard(transcript)
  }
}
