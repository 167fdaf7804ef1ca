import type { Deepgram } from '@deepgram/sdk'
import type { WebSocket } from 'ws'
import { bytesPerMs } from '../openai/session-audio.ts'
import { speechOf, type Voicing } from '../openai/word-audio.ts'
import type { WireCodec } from '../telnyx/wire-codec.ts'
import { codecOf, type Query } from './connection-query.ts'
import type { SessionSetup } from './listen-session.ts'

export interface SpeakOptions {
  /** How a text sounds; by default every word has its own tone. */
  readonly voice?: Voicing
  /** From the text to its first audio. Default 60. */
  readonly firstAudioMs?: number
  /** Times faster than speech that audio is made. Default 5. */
  readonly speakSpeed?: number
}

/** "20 times every 60 seconds". */
const FLUSH_LIMIT = 20
const FLUSH_WINDOW_MS = 60_000
const LONGEST_TEXT = 2000
/** Audio in one binary message; not whole milliseconds, nor whole samples of 16 bits. */
const PIECE_BYTES = 1235
/** The service begins by itself at the end of a sentence. */
const SENTENCE_END = /[.!?…][")»]*\s*$/

type Job = { readonly audio: Buffer; at: number } | { readonly flushed: true }

/** One connection of `/v1/speak`: texts in, audio out, and what a test may do to it. */
export class SpeakSession {
  readonly query: Query
  /** Texts as they came, and `Flush`, `Clear`, `Close` by name; with `performance.now()`. */
  readonly received: { readonly at: number; readonly what: string }[] = []
  /** When audio was sent, and how much. */
  readonly sentAudio: { readonly at: number; readonly ms: number }[] = []
  readonly #socket: WebSocket
  readonly #options: SpeakOptions
  readonly #codec: WireCodec
  readonly #onActivity: () => void
  readonly #flushes: number[] = []
  #jobs: Job[] = []
  #buffer = ''
  #sequence = 0
  #timer: NodeJS.Timeout | undefined
  #stalled = false

  constructor({ query, socket, options, onActivity }: SessionSetup<SpeakOptions>) {
    this.query = query
    this.#socket = socket
    this.#options = options
    this.#codec = codecOf(query)
    this.#onActivity = onActivity
    socket.on('message', (data) => this.#onMessage(JSON.parse(data.toString())))
    socket.on('close', () => {
      clearTimeout(this.#timer)
      onActivity()
    })
    const metadata: Deepgram.speak.SpeakV1Metadata = {
      type: 'Metadata',
      request_id: 'stand-in',
      model_name: query.model,
      model_version: '2026-11-01.0',
      model_uuid: 'stand-in'
    }
    this.#send(metadata)
  }

  get closed(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN
  }

  get texts(): string[] {
    return this.received.map(({ what }) => what).filter((what) => !['Flush', 'Clear', 'Close'].includes(what))
  }

  /** Takes everything and says nothing any more. */
  stall(): void {
    this.#stalled = true
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #onMessage(message: { type: string; text?: string }): void {
    this.received.push({ at: performance.now(), what: message.text ?? message.type })
    if (message.type === 'Speak') this.#speak(message.text ?? '')
    else if (message.type === 'Flush') this.#flush()
    else if (message.type === 'Clear') this.#clear()
    else if (message.type === 'Close') this.#socket.close(1000)
    else this.#warn('UNKNOWN_MESSAGE', 'The message was not understood.')
    this.#onActivity()
  }

  #speak(text: string): void {
    if (text.length > LONGEST_TEXT)
      return this.#warn('TEXT_TOO_LONG', 'The text is longer than 2000 characters.')
    this.#buffer += text
    if (SENTENCE_END.test(this.#buffer)) this.#synthesise()
  }

  #flush(): void {
    const now = performance.now()
    while (this.#flushes.length > 0 && now - this.#flushes[0] > FLUSH_WINDOW_MS) this.#flushes.shift()
    if (this.#flushes.length >= FLUSH_LIMIT) {
      return this.#warn('EXCESSIVE_FLUSH', 'No more flush messages until the 60-second window has passed.')
    }
    this.#flushes.push(now)
    this.#synthesise()
    this.#add({ flushed: true })
  }

  #clear(): void {
    this.#buffer = ''
    this.#jobs = []
    clearTimeout(this.#timer)
    this.#timer = undefined
    const cleared: Deepgram.speak.SpeakV1Cleared = { type: 'Cleared', sequence_id: this.#sequence++ }
    this.#send(cleared)
  }

  #synthesise(): void {
    const text = this.#buffer.trim()
    this.#buffer = ''
    if (text === '') return
    const samples = speechOf(text, this.#codec.format.sampleRateHz, this.#options.voice)
    this.#add({ audio: this.#codec.encode(samples), at: 0 })
  }

  #add(job: Job): void {
    this.#jobs.push(job)
    this.#timer ??= setTimeout(() => this.#step(), this.#options.firstAudioMs ?? 60)
  }

  #step(): void {
    this.#timer = undefined
    const job = this.#jobs[0]
    if (!job || this.closed || this.#stalled) return
    if ('flushed' in job) {
      this.#jobs.shift()
      const flushed: Deepgram.speak.SpeakV1Flushed = { type: 'Flushed', sequence_id: this.#sequence++ }
      this.#send(flushed)
      return this.#stepAfter(0)
    }
    const piece = job.audio.subarray(job.at, job.at + PIECE_BYTES)
    job.at += piece.byteLength
    if (job.at >= job.audio.byteLength) this.#jobs.shift()
    const ms = piece.byteLength / bytesPerMs(this.#codec)
    this.sentAudio.push({ at: performance.now(), ms })
    this.#socket.send(piece)
    this.#onActivity()
    this.#stepAfter(ms / (this.#options.speakSpeed ?? 5))
  }

  #stepAfter(ms: number): void {
    if (this.#jobs.length > 0) this.#timer = setTimeout(() => this.#step(), ms)
  }

  #warn(code: string, description: string): void {
    const warning: Deepgram.speak.SpeakV1Warning = { type: 'Warning', code, description }
    this.#send(warning)
  }

  #send(message: object): void {
    if (!this.closed && !this.#stalled) this.#socket.send(JSON.stringify(message))
    this.#onActivity()
  }
}
