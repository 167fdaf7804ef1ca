import type { WebSocket } from 'ws'
import { bytesPerMs } from '../openai/session-audio.ts'
import { VoiceActivity } from '../openai/voice-activity.ts'
import type { WireCodec } from '../telnyx/wire-codec.ts'
import { codecOf, type Query } from './connection-query.ts'

export interface ListenOptions {
  /** Text of the caller's nth utterance on all connections, from 1; empty: speech without words. */
  readonly transcribe?: (utterance: number) => string
  /** Without audio or a KeepAlive for this long the connection is closed (NET-0001). Default 10 000. */
  readonly idleCloseMs?: number
  /** Of silence, until Flux holds the turn for over perhaps, and for good. Default 160 and 400. */
  readonly eagerMs?: number
  readonly endOfTurnMs?: number
  /** From the audio to what it is answered with. Default 0. */
  readonly listenDelayMs?: number
}

export interface SessionSetup<Options> {
  readonly query: Query
  readonly socket: WebSocket
  readonly options: Options
  readonly onActivity: () => void
}

/** A word is out once this much of it has been said. */
const WORD_MS = 250

/** One connection that listens: what it was sent, and what a test may do to it. */
export abstract class ListenSession {
  readonly query: Query
  /** Text messages of the client, in order. */
  readonly messages: Record<string, unknown>[] = []
  /** What was sent, in order, with `performance.now()`. */
  readonly sent: { readonly at: number; readonly message: Record<string, unknown> }[] = []
  protected readonly options: ListenOptions
  protected readonly codec: WireCodec
  protected activity: VoiceActivity
  protected receivedMs = 0
  readonly #socket: WebSocket
  readonly #onActivity: () => void
  #stalled = false
  #idle: NodeJS.Timeout | undefined
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor({ query, socket, options, onActivity }: SessionSetup<ListenOptions>) {
    this.query = query
    this.options = options
    this.#socket = socket
    this.#onActivity = onActivity
    this.codec = codecOf(query)
    this.activity = this.createActivity(0)
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    socket.on('close', () => this.#release())
    this.#watchIdle()
  }

  /** Milliseconds of audio so far. */
  get heardMs(): number {
    return this.receivedMs
  }

  get closed(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN
  }

  /** Takes everything and says nothing any more. */
  stall(): void {
    this.#stalled = true
  }

  /** The connection breaks without a word. */
  terminate(): void {
    this.#socket.terminate()
  }

  close(code: number, reason = ''): void {
    this.#socket.close(code, reason)
  }

  protected abstract silenceMs(): number
  protected abstract onAudio(samples: Int16Array): void
  protected abstract onControl(message: Record<string, unknown>): void

  protected createActivity(startMs: number): VoiceActivity {
    const { sampleRateHz } = this.codec.format
    const silenceDurationMs = this.silenceMs()
    return new VoiceActivity({ sampleRateHz, threshold: 0.2, prefixPaddingMs: 0, silenceDurationMs, startMs })
  }

  /** Words of an utterance that have been said after `ms` of it. */
  protected wordsAfter(text: string, ms: number): string {
    return text
      .split(' ')
      .slice(0, Math.floor(ms / WORD_MS))
      .join(' ')
  }

  protected textOf(utterance: number): string {
    return (this.options.transcribe ?? ((n) => `caller utterance ${n}`))(utterance)
  }

  protected send(message: object): void {
    if (this.#stalled || this.closed) return
    const { listenDelayMs = 0 } = this.options
    if (listenDelayMs === 0) return this.#sendNow(message)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#sendNow(message)
    }, listenDelayMs)
    this.#timers.add(timer)
  }

  #sendNow(message: object): void {
    this.sent.push({ at: performance.now(), message: message as Record<string, unknown> })
    if (!this.closed) this.#socket.send(JSON.stringify(message))
    this.#onActivity()
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#watchIdle()
      // As documented: an empty message ends the stream.
      if (data.byteLength === 0) return this.close(1000)
      this.receivedMs += data.byteLength / bytesPerMs(this.codec)
      this.onAudio(this.codec.decode(data))
    } else {
      const message = JSON.parse(data.toString()) as Record<string, unknown>
      this.messages.push(message)
      this.onControl(message)
    }
    this.#onActivity()
  }

  protected keptAlive(): void {
    this.#watchIdle()
  }

  #watchIdle(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.close(1011, 'NET-0001'), this.options.idleCloseMs ?? 10_000)
  }

  #release(): void {
    clearTimeout(this.#idle)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#onActivity()
  }
}

/** Utterances of every connection to the same stand-in are counted together, since a caller goes on after a loss. */
const counts = new WeakMap<ListenOptions, number>()

export function nextUtterance(options: ListenOptions): number {
  const count = (counts.get(options) ?? 0) + 1
  counts.set(options, count)
  return count
}
