import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PCM16_16K, PCMU_8K } from '../../audio/format.ts'
import { HeardAudio } from '../../sessions/heard-audio.ts'

const SILENCE = 0xff

/** `ms` of PCMU whose every byte is `code`. */
function pcmu(ms: number, code: number): Uint8Array {
  return new Uint8Array(ms * 8).fill(code)
}

function drain(heard: HeardAudio, positionMs: number): Buffer {
  const blocks: Uint8Array[] = []
  heard.drain(positionMs, (block) => blocks.push(block.slice()))
  return Buffer.concat(blocks)
}

describe('HeardAudio', () => {
  it('gives out what was sent ahead as the clock passes over it, and silence elsewhere', () => {
    const heard = new HeardAudio(PCMU_8K, 100)
    heard.sent({ startMs: 120, payload: pcmu(40, 1) })
    heard.sent({ startMs: 160, payload: pcmu(20, 2) })
    const audio = drain(heard, 200)
    assert.deepEqual(audio, Buffer.concat([pcmu(20, SILENCE), pcmu(40, 1), pcmu(20, 2), pcmu(20, SILENCE)]))
  })

  it('keeps a copy of what was sent, whose memory is used again', () => {
    const heard = new HeardAudio(PCMU_8K, 0)
    const payload = Buffer.from(pcmu(20, 1))
    heard.sent({ startMs: 0, payload })
    payload.fill(2)
    assert.deepEqual(drain(heard, 20), Buffer.from(pcmu(20, 1)))
  })

  it('gives out blocks of 20 ms with their positions, and the rest of what the clock moved', () => {
    const heard = new HeardAudio(PCMU_8K, 0)
    const blocks: [number, number][] = []
    heard.drain(50, (block, positionMs) => blocks.push([positionMs, block.byteLength]))
    assert.deepEqual(blocks, [
      [0, 160],
      [20, 160],
      [40, 80]
    ])
    assert.equal(drain(heard, 50).byteLength, 0)
  })

  it('cuts what was still to come, and lays what is sent next behind the cut', () => {
    const heard = new HeardAudio(PCMU_8K, 0)
    heard.sent({ startMs: 0, payload: pcmu(100, 1) })
    heard.sent({ startMs: 100, payload: pcmu(100, 2) })
    assert.deepEqual(drain(heard, 20), Buffer.from(pcmu(20, 1)))
    heard.cut(30)
    heard.sent({ startMs: 40, payload: pcmu(20, 3) })
    assert.deepEqual(
      drain(heard, 80),
      Buffer.concat([pcmu(10, 1), pcmu(10, SILENCE), pcmu(20, 3), pcmu(20, SILENCE)])
    )
  })

  it('does not let a cut reach back into what was given out', () => {
    const heard = new HeardAudio(PCMU_8K, 0)
    heard.sent({ startMs: 0, payload: pcmu(60, 1) })
    drain(heard, 40)
    heard.cut(10)
    heard.sent({ startMs: 10, payload: pcmu(20, 2) })
    assert.deepEqual(drain(heard, 60), Buffer.from(pcmu(20, 2)))
  })

  it('keeps a copy of what was sent', () => {
    const heard = new HeardAudio(PCMU_8K, 0)
    const payload = pcmu(20, 1)
    heard.sent({ startMs: 0, payload })
    payload.fill(9)
    assert.deepEqual(drain(heard, 20), Buffer.from(pcmu(20, 1)))
  })

  it('never splits a 16-bit sample, and fills gaps with digital silence', () => {
    const heard = new HeardAudio(PCM16_16K, 0.37)
    heard.sent({ startMs: 10.011, payload: new Uint8Array(320).fill(7) })
    const audio = drain(heard, 30.9)
    assert.equal(audio.byteLength % 2, 0)
    const first = audio.indexOf(7)
    assert.equal(first % 2, 0)
    assert.equal(audio.lastIndexOf(7) - first + 1, 320)
    assert.equal(audio[0], 0)
  })

  it('loses and doubles no sample of pieces that follow each other, wherever the clock stops', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.double({ min: 0.01, max: 90, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0, max: 1000, noNaN: true }),
        (lengths, steps, startMs) => {
          const heard = new HeardAudio(PCMU_8K, startMs)
          let count = 0
          let endMs = startMs
          for (const ms of lengths) {
            heard.sent({ startMs: endMs, payload: Uint8Array.from({ length: ms * 8 }, () => count++ % 251) })
            endMs += ms
          }
          const expected = Buffer.from(Uint8Array.from({ length: count }, (_, i) => i % 251))
          let positionMs = startMs
          const audio = steps.map((step) => {
            positionMs += step
            return drain(heard, positionMs)
          })
          audio.push(drain(heard, Math.max(endMs, positionMs)))
          assert.deepEqual(Buffer.concat(audio).subarray(0, expected.byteLength), expected)
        }
      )
    )
  })
})
