import { EventEmitter } from 'node:events'
import type { SocketLike } from '../../services/carriers/socket-like.ts'

type SocketEvents = {
  message: [data: Buffer, isBinary: boolean]
  close: [code: number]
  error: [error: Error]
}

/** An open socket whose other end is the test. */
export class FakeSocket extends EventEmitter<SocketEvents> implements SocketLike {
  readyState = 1
  bufferedAmount = 0
  terminated = 0
  readonly sent: string[] = []
  readonly closes: { code: number | undefined; reason: string | undefined }[] = []

  send(data: string): void {
    this.sent.push(data)
  }

  close(code?: number, reason?: string): void {
    this.closes.push({ code, reason })
    this.readyState = 2
  }

  terminate(): void {
    this.terminated += 1
    this.readyState = 3
  }

  /** The other end sends a frame. */
  receive(frame: unknown): void {
    this.emit('message', Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)), false)
  }

  /** What was sent, parsed. */
  get frames(): Record<string, unknown>[] {
    return this.sent.map((text) => JSON.parse(text))
  }
}
