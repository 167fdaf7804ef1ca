import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { DirectSocket } from '../../../services/sockets/direct-socket.ts'
import { openSocket } from '../../support/socket-frames.ts'

describe('DirectSocket', () => {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  before(async () => {
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
  })
  after(() => http.close())

  async function open() {
    const { port } = http.address() as AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}`)
    const received: string[] = []
    client.on('message', (data, isBinary) => received.push(isBinary ? '(binary)' : data.toString()))
    const [[socket, request]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
    return { client, received, direct: new DirectSocket(socket, request.socket) }
  }

  it('sends text of any length and any script, in order', async () => {
    const { client, received, direct } = await open()
    const lengths = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 200_000]
    const texts = [...lengths.map((length) => 'a'.repeat(length)), 'Größe', '電話', 'end']
    for (const text of texts) direct.send(text)
    direct.close(1000)
    await once(client, 'close')
    assert.deepEqual(received, texts)
  })

  it('tells how much waits to be sent', async () => {
    const { client, direct } = await open()
    client.pause()
    assert.equal(direct.bufferedAmount, 0)
    while (direct.bufferedAmount === 0) direct.send('x'.repeat(60_000))
    assert.ok(direct.bufferedAmount >= 60_000)
    client.terminate()
  })

  it('sends nothing behind its close frame', async () => {
    const { client, received, direct } = await open()
    direct.send('before')
    direct.close(1008, 'enough')
    direct.send('behind')
    const [code, reason] = await once(client, 'close')
    assert.equal(code, 1008)
    assert.equal(reason.toString(), 'enough')
    assert.deepEqual(received, ['before'])
  })

  it('does without short cuts where there is no network socket below', async () => {
    const { socket, wire } = openSocket()
    const direct = new DirectSocket(socket, wire)
    direct.offer({ take: () => assert.fail('nothing is offered') })
    direct.send('text')
    assert.equal(direct.readyState, WebSocket.OPEN)
    direct.terminate()
  })
})
