import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { ReplyBuffer } from '../../sessions/reply-buffer.ts'

/** A payload of a second, whose every byte is `code`. */
const second = (code: number) => new Uint8Array(8000).fill(code)

function bufferOf(...codes: number[]): ReplyBuffer {
  const buffer = new ReplyBuffer(PCMU_8K)
  for (const code of codes) buffer.append(second(code))
  return buffer
}

describe('ReplyBuffer', () => {
  it('gives out what is not heard in the pieces in which it came', () => {
    assert.deepEqual(bufferOf(1, 2, 3).from(1250), [second(2).subarray(0, 6000), second(3)])
  })

  it('keeps a second of what was heard, and all that was not', () => {
    const buffer = bufferOf(1, 2, 3, 4)
    buffer.heard(2500)
    assert.deepEqual(buffer.from(0), [second(2).subarray(0, 4000), second(3), second(4)])
  })

  it('gives out copies, and nothing once it is released', () => {
    const buffer = bufferOf(1)
    const [piece] = buffer.from(0)
    buffer.release()
    bufferOf(2)
    assert.deepEqual(piece, second(1))
    assert.deepEqual(buffer.from(0), [])
  })
})
