import type { TextTaker } from '../sockets/message-lane.ts'

/** What a media transport needs of a WebSocket. */
export interface SocketLike {
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: string): void
  close(code?: number, reason?: string): void
  terminate(): void
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown
  on(event: 'close', listener: (code: number) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Offers every text message to `taker` before it is a `message`, where the socket can. Once, in the tick of its opening. */
  offer?(taker: TextTaker): void
}

/** RFC 6455 section 7.4.1. */
export const CLOSE_NORMAL = 1000
export const CLOSE_POLICY_VIOLATION = 1008

/** `readyState` of an open socket (WHATWG WebSockets). */
export const SOCKET_OPEN = 1
