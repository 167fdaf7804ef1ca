import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { WebSocket, WebSocketServer } from 'ws'
import { MessageLane } from '../../../services/sockets/message-lane.ts'
import { frameOf, openSocket } from '../../support/socket-frames.ts'

/** What may be taken. */
const ASCII = /^[ -~]*$/
const TEXT = 1
const BINARY = 2
const PING = 9
const CONTINUATION = 0

/** Everything that an application sees of a socket, in order; what was taken stands beside what was not. */
function watch(socket: WebSocket): string[] {
  const seen: string[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    seen.push(`${isBinary ? 'binary' : 'text'} ${data.toString('latin1')}`)
  })
  socket.on('ping', (data) => seen.push(`ping ${data.toString('latin1')}`))
  socket.on('error', (error) => seen.push(`error ${error.message}`))
  socket.on('close', (code) => seen.push(`close ${code}`))
  return seen
}

async function feed(chunks: readonly Buffer[], wanted: ((text: string) => boolean) | null) {
  const { socket, wire } = openSocket()
  const seen = watch(socket)
  if (wanted) {
    const take = (data: Buffer, start: number, end: number) => {
      const text = data.toString('latin1', start, end)
      if (!wanted(text)) return false
      seen.push(`text ${text}`)
      return true
    }
    new MessageLane({ socket, raw: wire as Socket, masked: true, taker: { take } })
  }
  for (const chunk of chunks) {
    // `ws` unmasks in place.
    wire.push(Buffer.from(chunk))
    await turn()
  }
  socket.terminate()
  await turn()
  return seen
}

/** The stream cut after each of these shares of its length. */
function cut(stream: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...new Set(shares.map((share) => Math.floor(share * stream.length)))].sort((a, b) => a - b)
  return [0, ...places]
    .map((from, index) => Buffer.from(stream.subarray(from, places[index] ?? stream.length)))
    .filter((chunk) => chunk.length > 0)
}

const ascii = fc.oneof(
  fc.stringMatching(/^[a-z"{}:,]{0,200}$/),
  fc.constantFrom('a'.repeat(125), 'b'.repeat(126), 'c'.repeat(66_000))
)
const text = ascii.map((message) => frameOf({ opcode: TEXT, payload: Buffer.from(message) }))
const utf8 = fc
  .string({ maxLength: 20, unit: 'grapheme' })
  .map((message) => frameOf({ opcode: TEXT, payload: Buffer.from(message) }))
const binary = fc.uint8Array({ maxLength: 300 }).map((payload) => frameOf({ opcode: BINARY, payload }))
const ping = fc.uint8Array({ maxLength: 20 }).map((payload) => frameOf({ opcode: PING, payload }))
const fragments = fc
  .tuple(fc.array(ascii, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([parts, pinged]) =>
    Buffer.concat([
      frameOf({ opcode: TEXT, payload: Buffer.from('first'), fin: false }),
      ...parts.map((part) => frameOf({ opcode: CONTINUATION, payload: Buffer.from(part), fin: false })),
      ...(pinged ? [frameOf({ opcode: PING, payload: Buffer.from('between') })] : []),
      frameOf({ opcode: CONTINUATION, payload: Buffer.from('last') })
    ])
  )
/** Each of them is refused by `ws`, with an error and a code of its own. */
const fault = fc.constantFrom(
  frameOf({ opcode: TEXT, payload: Buffer.from('not masked'), masked: false }),
  frameOf({ opcode: TEXT, payload: Buffer.from([0xff, 0xfe]) }),
  frameOf({ opcode: CONTINUATION, payload: Buffer.from('of nothing') }),
  frameOf({ opcode: 3, payload: Buffer.from('no such opcode') }),
  Buffer.from([0xc1, 0x80, 0, 0, 0, 0]),
  frameOf({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) })
)

describe('MessageLane', () => {
  it('tells what `ws` alone would tell, in its order, wherever the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(text, utf8, binary, ping, fragments), { maxLength: 8 }),
        fc.option(fault),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        fc.boolean(),
        async (frames, last, shares, takesAll) => {
          const chunks = cut(Buffer.concat([...frames, ...(last ? [last] : [])]), shares)
          const wanted = (message: string) => ASCII.test(message) && (takesAll || message.length % 2 === 0)
          assert.deepEqual(await feed(chunks, wanted), await feed(chunks, null))
        }
      ),
      { numRuns: 300 }
    )
  })

  it('offers each whole message of one read, and the parts of none', async () => {
    const offered: string[] = []
    const one = frameOf({ opcode: TEXT, payload: Buffer.from('one') })
    const two = frameOf({ opcode: TEXT, payload: Buffer.from('two') })
    const three = frameOf({ opcode: TEXT, payload: Buffer.from('three') })
    const stream = Buffer.concat([one, two, three])
    const seen = await feed(cut(stream, [(stream.length - 3) / stream.length]), (message) => {
      offered.push(message)
      return message === 'two'
    })
    assert.deepEqual(offered, ['one', 'two'])
    assert.deepEqual(seen.slice(0, 3), ['text one', 'text two', 'text three'])
  })
})

describe('MessageLane on real sockets', () => {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  after(() => http.close())

  async function open(take: (message: string, client: number) => boolean, client: number) {
    if (!http.listening) {
      http.listen(0, '127.0.0.1')
      await once(http, 'listening')
    }
    const { port } = http.address() as AddressInfo
    const raw = connect({ host: '127.0.0.1', port })
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      createConnection: () => raw,
      perMessageDeflate: false
    })
    const connected = once(server, 'connection').then(([accepted, request]) => {
      const seen = watch(accepted)
      new MessageLane({
        socket: accepted,
        raw: request.socket,
        masked: true,
        taker: { take: (data, start, end) => take(data.toString('latin1', start, end), client) }
      })
      return { accepted: accepted as WebSocket, seen }
    })
    await once(socket, 'open')
    return { socket, ...(await connected) }
  }

  it('keeps the messages of many sockets apart', async () => {
    const taken = new Map<number, string[]>()
    const clients = []
    for (let client = 0; client < 20; client++) {
      taken.set(client, [])
      clients.push(await open((message, of) => Boolean(taken.get(of)?.push(message)), client))
    }
    const sent = Array.from(
      { length: 200 },
      (_, number) => `message ${number} ${'x'.repeat((number * 37) % 3000)}`
    )
    for (const message of sent)
      for (const [client, { socket }] of clients.entries()) socket.send(`${client} ${message}`)
    const closed = clients.map(({ accepted }) => once(accepted, 'close'))
    for (const { socket } of clients) socket.close()
    await Promise.all(closed)
    for (const [client, { seen }] of clients.entries()) {
      const left = seen.filter((line) => line.startsWith('text ')).map((line) => line.slice('text '.length))
      // What came in two reads is left to `ws`.
      assert.deepEqual(
        [...(taken.get(client) ?? []), ...left].sort(),
        sent.map((message) => `${client} ${message}`).sort()
      )
      assert.equal(seen.at(-1), 'close 1005')
      assert.ok(left.length < sent.length / 2, `${left.length} were left`)
    }
  })

  it('waits for a reader that has stopped to read', async () => {
    const { socket, accepted, seen } = await open(() => false, 0)
    accepted.pause()
    const message = 'y'.repeat(40_000)
    for (let count = 0; count < 200; count++) socket.send(message)
    await turn()
    assert.deepEqual(seen, [])
    accepted.resume()
    const closed = once(accepted, 'close')
    socket.close()
    await closed
    assert.equal(seen.length, 201)
    assert.ok(seen.slice(0, -1).every((line) => line === `text ${message}`))
  })

  it('answers pings, and tells of a client that vanishes', async () => {
    const { socket, accepted, seen } = await open(() => true, 0)
    socket.ping('are you there')
    const [answer] = await once(socket, 'pong')
    assert.equal(answer.toString(), 'are you there')
    const closed = once(accepted, 'close')
    socket.terminate()
    await closed
    assert.equal(seen.at(-1), 'close 1006')
  })
})
