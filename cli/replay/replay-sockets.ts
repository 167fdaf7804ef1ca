import { EventEmitter } from 'node:events'
import type { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { SOCKET_OPEN, type SocketLike } from '../../services/carriers/socket-like.ts'
import type { RealtimeDial } from '../../services/engines/realtime/realtime-connection.ts'
import type { SocketState } from '../../sessions/contracts/call-tape.ts'

const CLOSING = 2
const CLOSED = 3

export interface SocketSink {
  sent(data: string): void
  shut(): void
}

/** A socket in memory: a replay feeds it, and hears of what is sent and of its end. */
export class ReplaySocket extends EventEmitter implements SocketLike {
  readonly OPEN = SOCKET_OPEN
  readyState = SOCKET_OPEN
  bufferedAmount = 0
  readonly #sink: SocketSink

  constructor(sink: SocketSink) {
    super()
    this.#sink = sink
  }

  send(data: string | Buffer): void {
    this.#sink.sent(data.toString())
  }

  close(): void {
    if (this.readyState === SOCKET_OPEN) this.readyState = CLOSING
    this.#sink.shut()
  }

  terminate(): void {
    if (this.readyState === SOCKET_OPEN) this.readyState = CLOSING
    this.#sink.shut()
  }

  /** Whether the other end answers is on the tape. */
  ping(): void {}

  /** What will be found when the socket is looked at next. */
  set({ readyState, bufferedBytes }: SocketState): void {
    if (readyState !== undefined) this.readyState = readyState
    this.bufferedAmount = bufferedBytes ?? 0
  }

  receive(data: string): void {
    this.emit('message', Buffer.from(data), false)
  }

  /** It is gone. */
  vanish(code: number): void {
    this.readyState = CLOSED
    this.emit('close', code)
  }

  fail(cause: string): void {
    const status = /^http_(\d+)$/.exec(cause)?.[1]
    if (!status) this.emit('error', Object.assign(new Error(cause), { code: cause }))
    else this.emit('unexpected-response', null, { statusCode: Number(status), resume: () => undefined })
  }
}

/** Dials into memory in place of the service: as much of the SDK's class as the engine uses. */
export function replayDial(open: () => ReplaySocket): RealtimeDial {
  return () => {
    const socket = open()
    const events = new EventEmitter()
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => readEvent(data.toString(), events))
    const realtime = {
      socket,
      on: (name: string, listener: (...args: unknown[]) => void) => events.on(name, listener),
      send: (event: unknown) => socket.send(JSON.stringify(event)),
      close: () => socket.close()
    }
    return realtime as unknown as OpenAIRealtimeWS
  }
}

function readEvent(text: string, events: EventEmitter): void {
  let event: unknown
  try {
    event = JSON.parse(text)
    if (typeof (event as { type?: unknown })?.type !== 'string') throw new TypeError('no event')
  } catch (cause) {
    events.emit('error', { cause })
    return
  }
  events.emit('event', event)
}
