import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { swapBytes16 } from '../../audio/l16-byte-order.ts'
import { L16Reader } from '../../audio/l16-reader.ts'
import { payloadRms } from '../../audio/level.ts'
import { noiseLike, pcm16Bytes, speechLike } from '../support/speech-like.ts'

const FRAME_BYTES = 640

for (const order of ['le', 'be'] as const) {
  describe(`L16Reader on a ${order} stream`, () => {
    it('never passes speech on in the wrong reading, and loses none of it', () => {
      const speech = pcm16Bytes(speechLike({ sampleRate: 16_000, ms: 1000 }))
      const out = read(order, 'auto', speech)
      assert.deepEqual(Buffer.concat(out.frames), Buffer.from(speech))
      assert.equal(out.reader.order, order)
      assert.equal(out.reader.decided, true)
    })

    it('passes faint noise on as faint as it is, before the order is known', () => {
      const hiss = Int16Array.from({ length: 16_000 }, (_, i) => (i % 3) - 1)
      const out = read(order, 'auto', pcm16Bytes(hiss))
      assert.equal(out.reader.decided, false)
      assert.equal(out.frames.length, 50)
      for (const frame of out.frames) assert.ok(payloadRms('pcm16', frame) < 2)
    })

    it('lets noise that decides nothing go on after 200 ms', () => {
      const noise = pcm16Bytes(noiseLike({ sampleRate: 16_000, ms: 1000, dbfs: -20 }))
      const out = read(order, 'auto', noise)
      assert.ok(out.frames.length >= 40, `${out.frames.length} of 50 frames`)
    })

    it('takes a configured order at its word', () => {
      const speech = pcm16Bytes(speechLike({ sampleRate: 16_000, ms: 100 }))
      assert.deepEqual(Buffer.concat(read(order, order, speech).frames), Buffer.from(speech))
    })
  })
}

/** Sends `pcm` (little-endian) over a stream of this order. */
function read(order: 'le' | 'be', configured: 'le' | 'be' | 'auto', pcm: Uint8Array) {
  const frames: Uint8Array[] = []
  const reader = new L16Reader({
    order: configured,
    presumed: 'le',
    deliver: (payload) => frames.push(Uint8Array.from(payload))
  })
  for (let start = 0; start < pcm.length; start += FRAME_BYTES) {
    const frame = Buffer.from(pcm.subarray(start, start + FRAME_BYTES))
    reader.push(order === 'be' ? swapBytes16(frame) : frame)
  }
  return { reader, frames }
}
