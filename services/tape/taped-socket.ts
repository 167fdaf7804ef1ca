import type { WebSocket } from 'ws'
import type { CallTape } from '../../sessions/contracts/call-tape.ts'
import type { SocketLike } from '../carriers/socket-like.ts'

/** The carrier's socket with a tape running: the same to its transport. */
export function tapedCarrierSocket(socket: SocketLike, tape: CallTape): SocketLike {
  tape.opened('carrier')
  return {
    get readyState() {
      return socket.readyState
    },
    get bufferedAmount() {
      return socket.bufferedAmount
    },
    send(data) {
      tape.sent('carrier', data)
      socket.send(data)
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    on(event: 'message' | 'close' | 'error', listener: (...args: never[]) => void) {
      if (event === 'message') {
        socket.on('message', (data, isBinary) => {
          if (!isBinary) tape.received('carrier', data.toString())
          ;(listener as (data: unknown, isBinary: boolean) => void)(data, isBinary)
        })
      } else if (event === 'close') {
        socket.on('close', (code) => {
          tape.closed('carrier')
          ;(listener as (code: number) => void)(code)
        })
      } else {
        socket.on('error', listener as (error: Error) => void)
      }
      return this
    }
  }
}

/** Tapes an engine's socket in place: before anybody else hears a message, and as one is sent. */
export function tapeEngineSocket(socket: WebSocket, tape: CallTape): void {
  const send = socket.send.bind(socket) as (data: string) => void
  socket.prependListener('open', () => tape.opened('engine'))
  socket.prependListener('message', (data) => tape.received('engine', data.toString()))
  socket.prependListener('close', () => tape.closed('engine'))
  socket.send = (data: unknown) => {
    tape.sent('engine', String(data))
    send(String(data))
  }
}
