import type { Deepgram, DeepgramClient } from '@deepgram/sdk'
import { type AudioFormat, bytesPerSample } from '../../../audio/format.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import type { CallError } from '../../../sessions/errors.ts'
import { type DeepgramAccess, DeepgramConnection } from './deepgram-connection.ts'
import { deepgramEncoding } from './deepgram-encoding.ts'
import { FlushBudget } from './flush-budget.ts'
import { SampleJoiner } from './sample-joiner.ts'
import type { Speech, SpeechListener, TextToSpeech } from './text-to-speech.ts'

type Socket = Awaited<ReturnType<DeepgramClient['speak']['v1']['connect']>>
type Message =
  | Deepgram.speak.SpeakV1Metadata
  | Deepgram.speak.SpeakV1Flushed
  | Deepgram.speak.SpeakV1Cleared
  | Deepgram.speak.SpeakV1Warning

/** A connection that is closed sooner than this is not opened again until there is something to say. */
const LEAST_LIFE_MS = 5000

export interface DeepgramTextToSpeechOptions {
  readonly access: DeepgramAccess
  /** For example `aura-2-thalia-en`. */
  readonly model: string
  readonly format: AudioFormat
  readonly clock: Clock
  readonly onTrouble: (code: string) => void
}

/** Deepgram's `/v1/speak`: one socket for the whole call, in the call's own format. */
export class DeepgramTextToSpeech implements TextToSpeech {
  readonly #options: DeepgramTextToSpeechOptions
  readonly #flushes: FlushBudget
  readonly #joiner: SampleJoiner
  #connection: DeepgramConnection<Socket, Message> | null = null
  /** Sent and not confirmed: what comes meanwhile is of a speech that was cancelled. */
  #clearing = 0
  #speech: DeepgramSpeech | null = null
  #openedAt = 0
  #closed = false

  constructor(options: DeepgramTextToSpeechOptions) {
    this.#options = options
    this.#flushes = new FlushBudget(options.clock)
    this.#joiner = new SampleJoiner(bytesPerSample(options.format))
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { access, clock, format, model, onTrouble } = this.#options
    const connection = new DeepgramConnection<Socket, Message>({
      access,
      clock,
      create: (client) => {
        const { encoding, sample_rate } = deepgramEncoding(format)
        return client.speak.v1.connect({
          model,
          encoding,
          sample_rate: String(sample_rate),
          reconnectAttempts: 0
        })
      },
      onMessage: (message) => this.#onMessage(message),
      onAudio: (audio) => this.#onAudio(audio),
      onMalformed: () => onTrouble('tts_malformed'),
      onLost: (error) => this.#onLost(error)
    })
    this.#connection = connection
    this.#clearing = 0
    this.#joiner.reset()
    await connection.open(signal)
    this.#openedAt = this.#options.clock.now()
    this.#speech?.opened()
  }

  begin(listener: SpeechListener): Speech {
    const speech = new DeepgramSpeech(listener, {
      clock: this.#options.clock,
      flushes: this.#flushes,
      socket: () => this.#connection?.socket ?? null,
      onCleared: () => this.#cleared(speech),
      onOver: () => this.#over(speech)
    })
    this.#speech = speech
    // It may have been closed for being idle: that is no failure until there is something to say.
    if (!this.#connection?.socket && !this.#connection?.opening) {
      this.connect(new AbortController().signal).catch((error: CallError) => this.#onLost(error))
    }
    return speech
  }

  close(): void {
    this.#closed = true
    this.#speech = null
    this.#connection?.close((socket) => socket.sendClose({ type: 'Close' }))
  }

  #cleared(speech: DeepgramSpeech): void {
    const socket = this.#connection?.socket
    if (this.#speech !== speech || !socket) return
    socket.sendClear({ type: 'Clear' })
    this.#clearing += 1
    this.#joiner.reset()
  }

  #over(speech: DeepgramSpeech): void {
    if (this.#speech === speech) this.#speech = null
  }

  #onAudio(audio: Buffer): void {
    if (this.#clearing > 0) return
    const whole = this.#joiner.push(audio)
    if (whole.byteLength > 0) this.#speech?.audio(whole)
  }

  #onMessage(message: Message): void {
    if (message.type === 'Cleared') this.#clearing = Math.max(0, this.#clearing - 1)
    else if (message.type === 'Flushed' && this.#clearing === 0) this.#speech?.flushed()
    else if (message.type === 'Warning')
      this.#options.onTrouble((message as Deepgram.speak.SpeakV1Warning).code)
  }

  #onLost(error: CallError): void {
    const speech = this.#speech
    this.#speech = null
    if (this.#closed) return
    if (speech) return speech.failed(error)
    // Closed for being idle, say: opened again now, so that the next words need not wait for it.
    if (this.#options.clock.now() - this.#openedAt > LEAST_LIFE_MS)
      this.connect(new AbortController().signal).catch(() => {})
  }
}

interface DeepgramSpeechOptions {
  readonly clock: Clock
  readonly flushes: FlushBudget
  readonly socket: () => Socket | null
  readonly onCleared: () => void
  readonly onOver: () => void
}

/** Words on their way through the socket: a flush makes the service voice what it has, and is answered when it has. */
class DeepgramSpeech implements Speech {
  readonly #listener: SpeechListener
  readonly #options: DeepgramSpeechOptions
  #waiting: string[] = []
  #sentAny = false
  #unflushed = false
  #flushesOut = 0
  #finished = false
  #over = false
  #cancelFlush: () => void = () => {}

  constructor(listener: SpeechListener, options: DeepgramSpeechOptions) {
    this.#listener = listener
    this.#options = options
  }

  push(text: string): void {
    if (this.#over || text === '') return
    const socket = this.#options.socket()
    if (!socket) {
      this.#waiting.push(text)
      return
    }
    socket.sendText({ type: 'Speak', text })
    this.#unflushed = true
    // The first words must be heard at once; what follows is made sentence by sentence while they are spoken.
    if (!this.#sentAny && this.#options.flushes.toSpare) this.#flush()
    this.#sentAny = true
  }

  finish(): void {
    if (this.#over || this.#finished) return
    this.#finished = true
    this.#end()
  }

  cancel(): void {
    if (this.#over) return
    const clear = this.#sentAny
    if (clear) this.#options.onCleared()
    this.#release()
  }

  opened(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length > 0) this.push(waiting.join(''))
    if (this.#finished) this.#end()
  }

  audio(payload: Uint8Array): void {
    if (!this.#over) this.#listener.audio(payload)
  }

  flushed(): void {
    if (this.#over || this.#flushesOut === 0) return
    this.#flushesOut -= 1
    if (this.#flushesOut > 0 || this.#unflushed) return
    this.#listener.voiced()
    if (this.#finished) this.#done()
  }

  failed(error: CallError): void {
    if (this.#over) return
    this.#release()
    this.#listener.failed(error)
  }

  #end(): void {
    if (this.#waiting.length > 0) return
    if (this.#unflushed) this.#flushInTime()
    else if (this.#flushesOut === 0) this.#done()
  }

  #flushInTime(): void {
    const { clock, flushes } = this.#options
    if (flushes.waitMs === 0) this.#flush()
    else this.#cancelFlush = clock.after(flushes.waitMs, () => this.#flushInTime())
  }

  #flush(): void {
    this.#options.socket()?.sendFlush({ type: 'Flush' })
    this.#options.flushes.sent()
    this.#flushesOut += 1
    this.#unflushed = false
  }

  #done(): void {
    this.#release()
    this.#listener.done()
  }

  #release(): void {
    this.#over = true
    this.#cancelFlush()
    this.#options.onOver()
  }
}
