import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import alawmulaw from 'alawmulaw'
import {
  ALAW_TO_LINEAR,
  ALAW_TO_MULAW,
  decodeG711,
  encodeAlawSample,
  encodeG711,
  encodeMulawSample,
  MULAW_TO_ALAW,
  MULAW_TO_LINEAR
} from '../../audio/g711.ts'

const CODES = Uint8Array.from({ length: 256 }, (_, code) => code)
const SAMPLES = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768)

describe('G.711', () => {
  it('decodes all 256 codes of both laws as an independent implementation does', () => {
    assert.deepEqual(MULAW_TO_LINEAR, alawmulaw.mulaw.decode(CODES))
    assert.deepEqual(ALAW_TO_LINEAR, alawmulaw.alaw.decode(CODES))
  })

  it('encodes all 65,536 samples as the reference algorithm of ITU-T G.191', () => {
    for (const sample of SAMPLES) {
      assert.equal(encodeMulawSample(sample), ulawCompress(sample), `mu-law of ${sample}`)
      assert.equal(encodeAlawSample(sample), alawCompress(sample), `A-law of ${sample}`)
    }
  })

  it('differs from an independent implementation by one level at most, and is then no further from the sample', () => {
    for (const sample of SAMPLES) {
      const theirMulaw = alawmulaw.mulaw.encodeSample(sample) & 0xff
      const theirAlaw = alawmulaw.alaw.encodeSample(sample) & 0xff
      assertNeighbour(sample, MULAW_TO_LINEAR, encodeMulawSample(sample), theirMulaw)
      assertNeighbour(sample, ALAW_TO_LINEAR, encodeAlawSample(sample), theirAlaw)
    }
  })

  it('gives every code back after decoding, but for the mu-law code of minus zero', () => {
    const recoded = Array.from(MULAW_TO_LINEAR, encodeMulawSample)
    assert.deepEqual(
      recoded,
      Array.from(CODES, (code) => (code === 0x7f ? 0xff : code))
    )
    assert.deepEqual(Array.from(ALAW_TO_LINEAR, encodeAlawSample), [...CODES])
  })

  it('translates between the laws as a decode and an encode would', () => {
    for (const code of CODES) {
      assert.equal(MULAW_TO_ALAW[code], alawCompress(alawmulaw.mulaw.decodeSample(code)))
      assert.equal(ALAW_TO_MULAW[code], ulawCompress(alawmulaw.alaw.decodeSample(code)))
    }
  })

  it('writes into the memory it is given, and leaves what lies behind alone', () => {
    for (const law of ['pcmu', 'pcma'] as const) {
      const samples = new Int16Array(6).fill(7)
      const codes = new Uint8Array(6).fill(7)
      encodeG711(law, Int16Array.of(0, 1000, -1000, 32767), codes)
      decodeG711(law, codes.subarray(0, 4), samples)
      const compress = law === 'pcmu' ? ulawCompress : alawCompress
      assert.deepEqual([...codes], [...[0, 1000, -1000, 32767].map(compress), 7, 7])
      assert.deepEqual([...samples.subarray(4)], [7, 7])
      assert.ok(samples[1] > 900 && samples[2] < -900 && samples[3] > 31_000)
    }
  })
})

/** Where the two differ, their levels must be neighbours, and theirs no nearer to the sample. */
function assertNeighbour(sample: number, table: Int16Array, ours: number, theirs: number): void {
  if (ours === theirs) return
  const levels = [...table].sort((a, b) => a - b)
  const distance = Math.abs(levels.indexOf(table[ours]) - levels.indexOf(table[theirs]))
  assert.equal(distance, 1, `${sample} is encoded ${distance} levels apart`)
  const ourError = Math.abs(table[ours] - sample)
  const theirError = Math.abs(table[theirs] - sample)
  assert.ok(ourError <= theirError, `${sample}: ours is off by ${ourError}, theirs by ${theirError}`)
}

/** `ulaw_compress` of ITU-T G.191, line by line. */
function ulawCompress(sample: number): number {
  let absno = sample < 0 ? (~sample >> 2) + 33 : (sample >> 2) + 33
  if (absno > 0x1fff) absno = 0x1fff
  let i = absno >> 6
  let segno = 1
  while (i !== 0) {
    segno++
    i >>= 1
  }
  const highNibble = 0x0008 - segno
  const lowNibble = 0x000f - ((absno >> segno) & 0x000f)
  const code = (highNibble << 4) | lowNibble
  return sample >= 0 ? code | 0x0080 : code
}

/** `alaw_compress` of ITU-T G.191, line by line. */
function alawCompress(sample: number): number {
  let ix = sample < 0 ? ~sample >> 4 : sample >> 4
  if (ix > 15) {
    let iexp = 1
    while (ix > 16 + 15) {
      ix >>= 1
      iexp++
    }
    ix -= 16
    ix += iexp << 4
  }
  if (sample >= 0) ix |= 0x0080
  return ix ^ 0x0055
}
