import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PCM16_16K, PCMU_8K } from '../../audio/format.ts'
import { RecentAudio } from '../../audio/recent-audio.ts'

const SILENCE = 0xff

function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

describe('RecentAudio', () => {
  it('is empty before the first piece, and silent before its beginning', () => {
    const audio = new RecentAudio(1)
    assert.equal(audio.format, null)
    assert.equal(audio.last().length, 0)
    audio.push(bytes(3, 1), PCMU_8K, 5000)
    assert.deepEqual([...audio.last()], [...bytes(5, SILENCE), 1, 1, 1])
  })

  it('keeps the end of the stream, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }), (lengths) => {
        const audio = new RecentAudio(2)
        const all = [...bytes(16, SILENCE)]
        let written = 0
        for (const length of lengths) {
          const piece = Uint8Array.from({ length }, (_, i) => (written + i) % 251)
          audio.push(piece, PCMU_8K, written / 8)
          all.push(...piece)
          written += length
        }
        if (lengths.length > 0) assert.deepEqual([...audio.last()], all.slice(-16))
      })
    )
  })

  it('lets pieces a little apart follow each other, and puts silence where frames are missing', () => {
    const audio = new RecentAudio(100)
    audio.push(bytes(160, 1), PCMU_8K, 0)
    audio.push(bytes(160, 2), PCMU_8K, 42)
    assert.equal(audio.endMs, 40)
    audio.push(bytes(160, 3), PCMU_8K, 80)
    assert.equal(audio.endMs, 100)
    const expected = [...bytes(160, 1), ...bytes(160, 2), ...bytes(320, SILENCE), ...bytes(160, 3)]
    assert.deepEqual([...audio.last()], expected)
  })

  it('has forgotten what lies before a long pause', () => {
    const audio = new RecentAudio(40)
    audio.push(bytes(320, 1), PCMU_8K, 0)
    audio.push(bytes(160, 2), PCMU_8K, 3_600_000.4)
    assert.deepEqual([...audio.last()], [...bytes(160, SILENCE), ...bytes(160, 2)])
    assert.equal(audio.endMs, 3_600_020.4)
  })

  it('begins anew with another format', () => {
    const audio = new RecentAudio(1)
    audio.push(bytes(8, 1), PCMU_8K, 0)
    audio.push(bytes(4, 2), PCM16_16K, 1)
    assert.deepEqual([...audio.last()], [...bytes(28, 0), 2, 2, 2, 2])
    assert.equal(audio.format, PCM16_16K)
  })
})
