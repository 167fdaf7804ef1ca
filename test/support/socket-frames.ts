import { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'

export interface FrameFields {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly fin?: boolean
  readonly masked?: boolean
}

/** One frame of a WebSocket (RFC 6455 section 5.2), its mask all different bytes. */
export function frameOf({ opcode, payload, fin = true, masked = true }: FrameFields): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length > 65_535 ? 10 : length > 125 ? 4 : 2)
  head[0] = (fin ? 0x80 : 0) | opcode
  head[1] = (masked ? 0x80 : 0) | (length > 65_535 ? 127 : length > 125 ? 126 : length)
  if (length > 65_535) head.writeBigUInt64BE(BigInt(length), 2)
  else if (length > 125) head.writeUInt16BE(length, 2)
  if (!masked) return Buffer.concat([head, payload])
  const mask = Buffer.from([0x1f, 0xa2, 0x43, 0x88])
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ mask[at % 4])])
}

/** What a client writes to arrives byte for byte, in the pieces that the test gives it. */
class Wire extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

/** An open socket of a server, and the wire that it reads from: no port, no waiting. */
export function openSocket(): { socket: WebSocket; wire: Duplex } {
  const wire = new Wire()
  const headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64')
  }
  const sockets: WebSocket[] = []
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const request = { method: 'GET', url: '/', headers } as Parameters<WebSocketServer['handleUpgrade']>[0]
  server.handleUpgrade(request, wire, Buffer.alloc(0), (socket) => sockets.push(socket))
  const [socket] = sockets
  return { socket, wire }
}
