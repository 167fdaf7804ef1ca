import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { connect, createServer as createTlsServer } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { Base64Frame } from '../../../services/sockets/base64-frame.ts'
import { MessageLane } from '../../../services/sockets/message-lane.ts'

const MESSAGES = 400
/** A key that both ends know: no certificate is needed. */
const PSK = {
  ciphers: 'PSK',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2'
} as const
const KEY = Buffer.alloc(16, 7)

describe('both short cuts under TLS', () => {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  const tls = createTlsServer({ ...PSK, pskCallback: () => KEY }, (socket) => http.emit('connection', socket))
  after(() => tls.close())

  it('lose and change nothing, however records cut the messages', async () => {
    tls.listen(0, '127.0.0.1')
    await once(tls, 'listening')
    const { port } = tls.address() as AddressInfo
    const raw = connect({
      ...PSK,
      host: '127.0.0.1',
      port,
      pskCallback: () => ({ psk: KEY, identity: 'test' }),
      checkServerIdentity: () => undefined
    })
    const client = new WebSocket('ws://localhost', { createConnection: () => raw, perMessageDeflate: false })
    const received: string[] = []
    let taken = 0
    client.on('open', () => {
      const take = (data: Buffer, start: number, end: number) => {
        taken += 1
        received.push(data.toString('latin1', start, end))
        return true
      }
      new MessageLane({ socket: client, raw, masked: false, taker: { take } })
    })
    client.on('message', (data) => received.push(data.toString()))
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
    const heard: string[] = []
    accepted.on('message', (data: Buffer) => heard.push(data.toString()))

    const frame = new Base64Frame('{"audio":"', '"}')
    const texts = Array.from({ length: MESSAGES }, (_, n) => `${n} ${'x'.repeat((n * 7919) % 30_000)}`)
    const audio = Array.from({ length: MESSAGES }, (_, n) => Buffer.alloc(160 + (n % 3) * 400, n))
    for (const [n, payload] of audio.entries()) {
      accepted.send(texts[n])
      if (raw.writableLength > 0) frame.leave()
      raw.write(frame.of(payload) as Buffer)
    }
    accepted.send('end')
    client.send('end')
    const closed = Promise.all([once(client, 'close'), once(accepted, 'close')])
    accepted.close()
    await closed

    assert.deepEqual(received, [...texts, 'end'])
    assert.ok(taken > 0)
    assert.deepEqual(heard, [...audio.map((payload) => `{"audio":"${payload.toString('base64')}"}`), 'end'])
  })
})
