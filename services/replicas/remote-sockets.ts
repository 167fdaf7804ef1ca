import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { SOCKET_OPEN, type SocketLike } from '../carriers/socket-like.ts'
import type { ReplicaMesh, ReplicaMessage } from './replica-mesh.ts'

/** `readyState` of a closed socket (WHATWG WebSockets). */
const SOCKET_CLOSED = 3
/** RFC 6455: the connection went without a close frame, and the server could not do what it was asked. */
const CLOSE_ABNORMAL = 1006
const CLOSE_FAILED = 1011
/** Audio that a peer has not taken, beyond which it is given up: as with a socket of our own. */
const SEND_BUFFER_LIMIT_BYTES = 4_000_000

/** What stands at the other end: a carrier's media stream, by its dialect, or who listens to calls. */
export type SocketPurpose = 'telnyx' | 'twilio' | 'listen'

type Accept = (socket: RemoteSocket, subject: string) => void

/** A WebSocket that a client has opened at another replica, as it looks from here. */
export class RemoteSocket
  extends EventEmitter<{ message: [Buffer, boolean]; close: [number]; error: [Error] }>
  implements SocketLike
{
  readonly bufferedAmount = 0
  readyState: number = SOCKET_OPEN
  readonly #tell: (kind: 'text' | 'shut', body: string) => Promise<boolean>

  constructor(tell: (kind: 'text' | 'shut', body: string) => Promise<boolean>) {
    super()
    this.#tell = tell
  }

  send(data: string): void {
    if (this.readyState !== SOCKET_OPEN) return
    void this.#tell('text', data).then((taken) => taken || this.closed(CLOSE_ABNORMAL))
  }

  close(code = 1000, reason = ''): void {
    void this.#tell('shut', `${code} ${reason}`)
    this.closed(code)
  }

  terminate(): void {
    this.close(CLOSE_FAILED)
  }

  /** The client has gone, or the replica that it is at. */
  closed(code: number): void {
    if (this.readyState === SOCKET_CLOSED) return
    this.readyState = SOCKET_CLOSED
    this.emit('close', code)
  }
}

/** Sockets that a client opens at one replica, for what another one holds: their messages go through Redis. */
export class RemoteSockets {
  readonly #mesh: ReplicaMesh
  readonly #accepts = new Map<SocketPurpose, Accept>()
  /** Of clients elsewhere. */
  readonly #remote = new Map<string, RemoteSocket>()
  /** Of clients here. */
  readonly #clients = new Map<string, SocketLike>()

  constructor(mesh: ReplicaMesh) {
    this.#mesh = mesh
    mesh.on('open', (message) => this.#open(message))
    mesh.on('text', (message) => this.#receive(message, false))
    mesh.on('binary', (message) => this.#receive(message, true))
    mesh.on('shut', (message) => this.#shut(message))
  }

  /** What to do with sockets for this purpose that clients have opened elsewhere. */
  accept(purpose: SocketPurpose, accept: Accept): void {
    this.#accepts.set(purpose, accept)
  }

  /**
   * Hands a client's socket to another replica, or to all of them with null; in the tick in which it opened, or messages
   * are lost. `subject`: the call, or what to listen to; without blanks.
   */
  handOver(socket: SocketLike, to: string | null, purpose: SocketPurpose, subject: string): void {
    const id = randomUUID()
    const tell = (kind: 'open' | 'text' | 'binary' | 'shut', body: string): void => {
      if (to === null) this.#mesh.broadcast(kind, id, body)
      else void this.#mesh.send(to, kind, id, body).then((taken) => taken || socket.close(CLOSE_FAILED))
    }
    this.#clients.set(id, socket)
    tell('open', `${purpose} ${subject}`)
    socket.on('message', (data, isBinary) => tell(isBinary ? 'binary' : 'text', data.toString()))
    socket.on('close', (code) => {
      if (this.#clients.delete(id)) tell('shut', String(code))
    })
    socket.on('error', () => socket.terminate())
  }

  #open({ from, id, body }: ReplicaMessage): void {
    const [purpose, subject] = body.split(' ')
    const socket = new RemoteSocket((kind, text) => this.#mesh.send(from, kind, id, text))
    this.#remote.set(id, socket)
    socket.on('close', () => this.#remote.delete(id))
    this.#accepts.get(purpose as SocketPurpose)?.(socket, subject)
  }

  #receive({ id, body }: ReplicaMessage, isBinary: boolean): void {
    this.#remote.get(id)?.emit('message', Buffer.from(body), isBinary)
    const client = this.#clients.get(id)
    if (client?.readyState !== SOCKET_OPEN) return
    if (client.bufferedAmount > SEND_BUFFER_LIMIT_BYTES) client.terminate()
    else client.send(body)
  }

  #shut({ id, body }: ReplicaMessage): void {
    const [code, reason] = body.split(' ')
    this.#remote.get(id)?.closed(Number(code))
    const client = this.#clients.get(id)
    if (this.#clients.delete(id)) client?.close(Number(code), reason || undefined)
  }
}
