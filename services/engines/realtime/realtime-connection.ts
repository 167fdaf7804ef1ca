import { connect, type Socket } from 'node:net'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import type {
  RealtimeClientEvent,
  RealtimeServerEvent,
  SessionUpdateEvent
} from 'openai/resources/realtime/realtime'
import type { Logger } from 'pino'
import type { ClientOptions, WebSocket } from 'ws'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import { Base64Frame } from '../../sockets/base64-frame.ts'
import { parseJsonFrame, validText } from '../../sockets/json-frame.ts'
import { MessageLane, type TextTaker } from '../../sockets/message-lane.ts'
import { idleEvent } from './idle-events.ts'
import { type AudioDelta, ReplyDeltaReader, type TextDelta } from './reply-delta.ts'

const DEFAULT_BASE_URL = 'https://api.openai.com/v1'
/** The largest server event is a burst of audio: a minute of PCM16 at 24 kHz is 3.8 MB in base64. */
const LARGEST_EVENT_BYTES = 4 * 1024 * 1024
/** A dead peer is noticed after three of these: two pings without an answer. */
const KEEP_ALIVE_MS = 10_000
const MISSED_PONGS = 2
/** For the service to answer our close frame. */
const CLOSE_DEADLINE_MS = 1000

const APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"'
const APPEND_TAIL = '"}'
/** Of all connections whose socket takes at once what it is given: the memory that is used most is used by all. */
const APPENDS = new Base64Frame(APPEND_HEAD, APPEND_TAIL)

/** Opens a socket of the SDK. */
export type RealtimeDial = (...args: ConstructorParameters<typeof OpenAIRealtimeWS>) => OpenAIRealtimeWS

const dialService: RealtimeDial = (...args) => new OpenAIRealtimeWS(...args)

export interface RealtimeConnectionOptions {
  readonly apiKey: string
  /** `http:` is spoken without TLS. null: OpenAI's own. */
  readonly baseUrl: string | null
  readonly model: string
  readonly clock: Clock
  readonly log: Logger
  readonly connectDeadlineMs: number
  /** More than this unsent, and caller audio is dropped until it has drained. */
  readonly sendLimitBytes: number
  /** Opens the SDK's socket; a recorded call is replayed through another one. */
  readonly dial?: RealtimeDial
  /** Every event of a configured session, but for those that `onDelta` got. */
  readonly onEvent: (event: RealtimeServerEvent) => void
  /** Audio and words of a configured session that could be read without the SDK. */
  readonly onDelta: (delta: AudioDelta | TextDelta) => void
  /** An event that says no more than that the service is at work on a response. */
  readonly onProgress: () => void
  /** An error that was survived. */
  readonly onTrouble: (code: string) => void
  /** The configured session is lost. At most once; not after `close()`. */
  readonly onLost: (error: CallError) => void
}

/** One session of the Realtime API on one WebSocket, from its first byte until it is closed or lost. */
export class RealtimeConnection implements TextTaker {
  readonly #options: RealtimeConnectionOptions
  readonly #opening = Promise.withResolvers<void>()
  #realtime: OpenAIRealtimeWS | null = null
  #socket: WebSocket | null = null
  #update: SessionUpdateEvent | null = null
  #state: 'new' | 'opening' | 'open' | 'closed' = 'new'
  #appends = APPENDS
  readonly #deltas = new ReplyDeltaReader()
  readonly #sendLimitBytes: number
  /** What the socket writes to, where nobody stands between them. */
  #raw: Socket | null = null
  #eventCount = 0
  #droppedAppends = 0
  #missedPongs = 0
  #cancelDeadline: (() => void) | null = null
  #cancelKeepAlive: (() => void) | null = null
  #forgetSignal: (() => void) | null = null

  constructor(options: RealtimeConnectionOptions) {
    this.#options = options
    this.#sendLimitBytes = options.sendLimitBytes
  }

  /** Resolves when the service has taken over `update`. Rejects with a CallError (ENGINE_CONNECT). */
  open(update: SessionUpdateEvent, signal: AbortSignal): Promise<void> {
    if (this.#state !== 'new') return Promise.reject(connectError('closed', false))
    if (signal.aborted) return Promise.reject(connectError('aborted', false))
    this.#state = 'opening'
    this.#update = update
    const onAbort = () => this.#fail(connectError('aborted', false))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => signal.removeEventListener('abort', onAbort)
    const { clock, connectDeadlineMs } = this.#options
    this.#cancelDeadline = clock.after(connectDeadlineMs, () => this.#fail(connectError('timeout', true)))
    try {
      this.#dial()
    } catch (error) {
      this.#fail(connectError('invalid_address', false, error))
    }
    return this.#opening.promise
  }

  /** Whether the session is configured and not lost. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Returns the `event_id` that the event was sent with: its own, or one made for it. */
  send(event: RealtimeClientEvent): string {
    this.#eventCount += 1
    const event_id = event.event_id ?? `event_${this.#eventCount}`
    if (this.#state !== 'closed') this.#realtime?.send({ ...event, event_id })
    return event_id
  }

  /** One `input_audio_buffer.append`, as one write to the socket: this runs 50 times a second in every call. */
  sendAudio(payload: Uint8Array): void {
    const socket = this.#socket
    if (this.#state !== 'open' || !socket) return
    const waitingBytes = this.#raw ? this.#raw.writableLength : socket.bufferedAmount
    if (waitingBytes > this.#sendLimitBytes) {
      if (this.#droppedAppends === 0) this.#options.onTrouble('send_buffer_full')
      this.#droppedAppends += 1
      return
    }
    const raw = socket.readyState === socket.OPEN ? this.#raw : null
    if (!raw || !this.#writeAppend(raw, payload))
      socket.send(APPEND_HEAD + Buffer.from(payload).toString('base64') + APPEND_TAIL)
  }

  /** False for a message that must be framed by `ws`. */
  #writeAppend(raw: Socket, payload: Uint8Array): boolean {
    const shared = this.#appends === APPENDS
    // The one before is still being sent, as it always is for a while under TLS.
    if (!shared && raw.writableLength > 0) this.#appends.leave()
    const frame = this.#appends.of(payload)
    if (!frame) return false
    raw.write(frame)
    if (shared && raw.writableLength > 0) {
      APPENDS.leave()
      this.#appends = new Base64Frame(APPEND_HEAD, APPEND_TAIL)
    }
    return true
  }

  /** Of the socket's messages, as they come: those of a configured session. */
  take(data: Buffer, start: number, end: number): boolean {
    if (this.#state !== 'open') return false
    const delta = this.#deltas.read(data, start, end)
    const idle = delta ? null : idleEvent(data, start, end)
    if (idle === 'of_response') this.#options.onProgress()
    if (idle) return true
    const event = delta ? null : eventOf(data, start, end)
    if (delta) this.#guard(() => this.#options.onDelta(delta))
    if (event) this.#guard(() => this.#onEvent(event))
    return delta !== null || event !== null
  }

  /** Idempotent. An `open` that is under way rejects. */
  close(): void {
    const state = this.#state
    this.#release()
    if (state === 'opening') this.#opening.reject(connectError('closed', false))
    const realtime = this.#realtime
    if (state === 'closed' || !realtime) return
    realtime.close()
    const cancel = this.#options.clock.after(CLOSE_DEADLINE_MS, () => realtime.socket.terminate())
    realtime.socket.once('close', cancel)
  }

  /** Of no more use: ends as if it had been lost. */
  abandon(detail: string): void {
    this.#fail(this.#lostError(detail))
  }

  #dial(): void {
    const { apiKey, baseUrl, model, connectDeadlineMs } = this.#options
    const baseURL = baseUrl ?? DEFAULT_BASE_URL
    const options: ClientOptions = {
      handshakeTimeout: connectDeadlineMs,
      maxPayload: LARGEST_EVENT_BYTES,
      perMessageDeflate: false,
      ...plainSocket(baseURL)
    }
    const dial = this.#options.dial ?? dialService
    const realtime = dial({ model, options }, { apiKey, baseURL })
    this.#realtime = realtime
    this.#socket = realtime.socket
    realtime.on('event', (event) => this.#guard(() => this.#onEvent(event)))
    // Without a listener the SDK turns every error into an unhandled rejection. Errors of the service come as
    // events, and those of the socket from the socket: what is left is a message that could not be read.
    realtime.on('error', (error) => {
      if (error.cause instanceof SyntaxError || error.cause instanceof TypeError) this.#malformed()
    })
    // A recorder has to see every message.
    if (!this.#options.dial) this.#cutShort(realtime.socket)
    realtime.socket.on('unexpected-response', (_request, response) => {
      response.resume()
      const status = response.statusCode ?? 0
      this.#fail(connectError(`http_${status}`, status === 408 || status === 429 || status >= 500))
    })
    realtime.socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#state === 'opening') this.#fail(connectError(error.code ?? 'socket_error', true, error))
    })
    realtime.socket.on('close', (code) => this.#fail(this.#lostError(`closed_${code}`)))
    realtime.socket.on('pong', () => {
      this.#missedPongs = 0
    })
  }

  /** Once the session is open, messages go past the streams of `ws` and the SDK's emitters both ways. */
  #cutShort(socket: WebSocket): void {
    socket.on('upgrade', ({ socket: raw }) => {
      this.#raw = raw
    })
    socket.on('open', () => {
      if (this.#raw) new MessageLane({ socket, raw: this.#raw, masked: false, taker: this })
    })
  }

  #onEvent(event: RealtimeServerEvent): void {
    if (event.type === 'error' && event.error.code === 'session_expired') {
      this.#fail(this.#lostError('session_expired'))
    } else if (this.#state === 'open') {
      this.#options.onEvent(event)
    } else if (this.#state === 'opening') {
      this.#onOpeningEvent(event)
    }
  }

  #onOpeningEvent(event: RealtimeServerEvent): void {
    if (event.type === 'session.created') {
      if (this.#update) this.send(this.#update)
    } else if (event.type === 'session.updated') {
      this.#state = 'open'
      this.#settle()
      this.#keepAlive()
      this.#opening.resolve()
    } else if (event.type === 'error') {
      const { type, code } = event.error
      this.#fail(connectError(code ?? type, code === 'rate_limit_exceeded' || type === 'server_error'))
    }
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#options.clock.after(KEEP_ALIVE_MS, () => {
      if (this.#missedPongs >= MISSED_PONGS) return this.#fail(this.#lostError('no_pong'))
      this.#missedPongs += 1
      const socket = this.#realtime?.socket
      if (socket?.readyState === socket?.OPEN) socket?.ping()
      this.#keepAlive()
    })
  }

  /** A dead connection is not asked to close. */
  #fail(error: CallError): void {
    const state = this.#state
    if (state === 'closed' || state === 'new') return
    this.#release()
    this.#realtime?.socket.terminate()
    if (state === 'opening') this.#opening.reject(error)
    else this.#options.onLost(error)
  }

  #lostError(detail: string): CallError {
    if (this.#state === 'opening') return connectError(detail, true)
    const message = 'The connection to the engine was lost'
    return new CallError('ENGINE_UNAVAILABLE', message, { retryable: true, detail })
  }

  #settle(): void {
    this.#cancelDeadline?.()
    this.#forgetSignal?.()
  }

  #release(): void {
    if (this.#droppedAppends > 0) {
      const fields = { event: 'engine.audio_dropped', droppedAppends: this.#droppedAppends }
      this.#options.log.warn(fields, 'Caller audio was dropped on its way to the engine')
      this.#droppedAppends = 0
    }
    this.#state = 'closed'
    this.#settle()
    this.#cancelKeepAlive?.()
  }

  /** Whatever a message does, it must not escape into the socket's listener: that would end every call. */
  #guard(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      this.#options.log.debug(
        { event: 'engine.malformed_event', err: error },
        'An event could not be handled'
      )
      this.#malformed()
    }
  }

  #malformed(): void {
    if (this.#state === 'open') this.#options.onTrouble('malformed_event')
  }
}

/** What the SDK would make of a message; null where it would find fault with it. */
function eventOf(data: Buffer, start: number, end: number): RealtimeServerEvent | null {
  const text = validText(data, start, end)
  if (text === null) return null
  const event = parseJsonFrame<{ type?: unknown }>(text)
  return typeof event?.type === 'string' ? (event as RealtimeServerEvent) : null
}

/** The SDK dials `wss:` whatever the base URL says; for `http:` it gets a socket without TLS. */
function plainSocket(baseURL: string): ClientOptions {
  const { protocol, hostname, port } = new URL(baseURL)
  if (protocol !== 'http:') return {}
  const host = hostname.replace(/^\[|\]$/g, '')
  return { createConnection: () => connect({ host, port: Number(port || 80) }) }
}

function connectError(detail: string, retryable: boolean, cause?: unknown): CallError {
  return new CallError('ENGINE_CONNECT', 'The engine could not be reached', { retryable, detail, cause })
}
