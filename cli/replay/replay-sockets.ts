import { EventEmitter } from 'node:events'
import type { OpenAIRealtimeWS } from 'openai/realtime/ws'
import type { SocketLike } from '../../services/carriers/socket-like.ts'
import type { RealtimeDial } from '../../services/engines/realtime/realtime-connection.ts'

const OPEN = 1
const CLOSED = 3

/** A socket in memory: a replay feeds it, and hears of what is sent. */
export class ReplaySocket extends EventEmitter implements SocketLike {
  readonly OPEN = OPEN
  readonly bufferedAmount = 0
  readyState = OPEN
  readonly #onSent: (data: string) => void

  constructor(onSent: (data: string) => void) {
    super()
    this.#onSent = onSent
  }

  send(data: string): void {
    if (this.readyState === OPEN) this.#onSent(String(data))
  }

  /** The other end sends this. */
  receive(data: string): void {
    if (this.readyState === OPEN) this.emit('message', Buffer.from(data), false)
  }

  /** The other end is gone. */
  vanish(): void {
    this.#close()
  }

  close(): void {
    this.#close()
  }

  terminate(): void {
    this.#close()
  }

  ping(): void {
    this.emit('pong')
  }

  #close(): void {
    if (this.readyState === CLOSED) return
    this.readyState = CLOSED
    this.emit('close', 1005)
  }
}

/** Dials into memory in place of the service: as much of the SDK's class as the engine uses. */
export function replayDial(socket: ReplaySocket): RealtimeDial {
  const events = new EventEmitter()
  socket.on('message', (data: Buffer) => events.emit('event', JSON.parse(data.toString())))
  const realtime = {
    socket,
    on: (name: string, listener: (...args: unknown[]) => void) => events.on(name, listener),
    send: (event: unknown) => socket.send(JSON.stringify(event)),
    close: () => socket.close()
  }
  return () => realtime as unknown as OpenAIRealtimeWS
}
