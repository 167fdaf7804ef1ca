import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { Base64Frame } from '../../../services/sockets/base64-frame.ts'
import { openSocket } from '../../support/socket-frames.ts'

const BEFORE = '{"type":"input_audio_buffer.append","audio":"'
const AFTER = '"}'

/** The messages that a server reads from these frames, one after the other. */
async function messagesOf(frames: readonly Buffer[]): Promise<string[]> {
  const { socket, wire } = openSocket()
  const messages: string[] = []
  socket.on('message', (data: Buffer) => messages.push(data.toString()))
  socket.on('error', (error) => messages.push(String(error)))
  for (const frame of frames) wire.push(Buffer.from(frame))
  await turn()
  socket.terminate()
  return messages
}

function messageWith(payload: Uint8Array, before = BEFORE, after = AFTER): string {
  return before + Buffer.from(payload).toString('base64') + after
}

describe('Base64Frame', () => {
  it('is the message that base64 and a WebSocket would make of any payload', async () => {
    const frame = new Base64Frame(BEFORE, AFTER)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 60, maxLength: 1000 }), { minLength: 1 }),
        async (payloads) => {
          const frames = payloads.map((payload) => Buffer.from(frame.of(payload) ?? []))
          assert.deepEqual(
            await messagesOf(frames),
            payloads.map((payload) => messageWith(payload))
          )
        }
      )
    )
  })

  it('begins its base64 anywhere', async () => {
    const payload = Uint8Array.from({ length: 161 }, (_, at) => at * 7)
    for (const before of ['', 'a', 'ab', 'abc', 'abcd']) {
      for (const after of ['', '"', '"}', '"}}', '"}}}']) {
        const frame = new Base64Frame(before, after).of(payload)
        assert.deepEqual(await messagesOf([frame as Buffer]), [messageWith(payload, before, after)])
      }
    }
  })

  it('masks each frame with another mask', () => {
    const frame = new Base64Frame(BEFORE, AFTER)
    const payload = new Uint8Array(160)
    const masks = Array.from({ length: 5000 }, () => frame.of(payload)?.readUInt32BE(4))
    assert.ok(new Set(masks).size > 4990)
  })

  it('leaves a frame alone that is still being sent', async () => {
    const frame = new Base64Frame(BEFORE, AFTER)
    const first = frame.of(new Uint8Array(160).fill(1)) as Buffer
    const asSent = Buffer.from(first)
    frame.leave()
    const second = frame.of(new Uint8Array(160).fill(2)) as Buffer
    assert.deepEqual(first, asSent)
    assert.deepEqual(await messagesOf([second]), [messageWith(new Uint8Array(160).fill(2))])
  })

  it('makes none of a message whose length takes another header', async () => {
    const frame = new Base64Frame(BEFORE, AFTER)
    const shortest = Math.ceil((126 - BEFORE.length - AFTER.length) / 4) * 3
    const longest = Math.floor((65_535 - BEFORE.length - AFTER.length) / 4) * 3
    for (const bytes of [0, shortest - 3, longest + 1]) assert.equal(frame.of(new Uint8Array(bytes)), null)
    for (const bytes of [shortest, longest]) {
      const payload = new Uint8Array(bytes).fill(0xa5)
      assert.deepEqual(await messagesOf([frame.of(payload) as Buffer]), [messageWith(payload)])
    }
  })
})
