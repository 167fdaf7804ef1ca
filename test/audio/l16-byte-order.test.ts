import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeG711, encodeG711 } from '../../audio/g711.ts'
import { type ByteOrder, ByteOrderDetector, swapBytes16 } from '../../audio/l16-byte-order.ts'
import { noiseLike, pcm16Bytes, speechLike } from '../support/speech-like.ts'
import { sine } from '../support/tone.ts'

const RATES = [8000, 16000, 24000]
const LEVELS_DBFS = [-40, -30, -20, -10, -3]
const ORDERS = ['le', 'be'] as const

describe('ByteOrderDetector', () => {
  for (const order of ORDERS) {
    it(`finds ${order} in a second of speech at any rate and level`, () => {
      for (const sampleRate of RATES) {
        for (const dbfs of LEVELS_DBFS) {
          const speech = speechLike({ sampleRate, ms: 1000, dbfs })
          assert.equal(detect(speech, sampleRate, order), order, `${sampleRate} Hz, ${dbfs} dBFS`)
        }
      }
    })

    it(`finds ${order} in speech that came through G.711`, () => {
      for (const law of ['pcmu', 'pcma'] as const) {
        for (const dbfs of LEVELS_DBFS) {
          const speech = throughG711(law, speechLike({ sampleRate: 8000, ms: 1000, dbfs }))
          assert.equal(detect(speech, 8000, order), order, `${law}, ${dbfs} dBFS`)
        }
      }
    })

    it(`never takes a tone of ${order} for the other order, and knows 997 Hz`, () => {
      for (const sampleRate of RATES) {
        for (const dbfs of [...LEVELS_DBFS, 0]) {
          const amplitude = Math.min(32_767, 32_768 * 10 ** (dbfs / 20) * Math.SQRT2)
          for (let frequencyHz = 97; frequencyHz < sampleRate / 2; frequencyHz += 300) {
            const tone = sine({ frequencyHz, sampleRate, ms: 300, amplitude })
            const wanted = frequencyHz === 997 ? [order] : [order, null]
            const found = detect(tone, sampleRate, order)
            assert.ok(wanted.includes(found), `${frequencyHz} Hz at ${dbfs} dBFS was taken for ${found}`)
            for (const law of ['pcmu', 'pcma'] as const) {
              const coded = detect(throughG711(law, tone), sampleRate, order)
              assert.ok([order, null].includes(coded), `${frequencyHz} Hz, ${law}, at ${dbfs} dBFS`)
            }
          }
        }
      }
    })

    it(`never takes noise of ${order} for the other order`, () => {
      for (const sampleRate of RATES) {
        for (const dbfs of [...LEVELS_DBFS, 0]) {
          for (let seed = 1; seed <= 5; seed++) {
            const noise = noiseLike({ sampleRate, ms: 1000, dbfs, seed })
            for (const samples of [noise, throughG711('pcmu', noise), throughG711('pcma', noise)]) {
              assert.ok([order, null].includes(detect(samples, sampleRate, order)), `${dbfs} dBFS`)
            }
          }
        }
      }
    })
  }

  it('never decides on silence or near silence', () => {
    for (const order of ORDERS) {
      for (const sampleRate of RATES) {
        const quietSounds = [
          new Int16Array(sampleRate),
          noiseLike({ sampleRate, ms: 3000, dbfs: -60 }),
          speechLike({ sampleRate, ms: 3000, dbfs: -60 }),
          sine({ frequencyHz: 50, sampleRate, ms: 3000, amplitude: 60 })
        ]
        for (const quiet of quietSounds) {
          assert.equal(detect(quiet, sampleRate, order), null)
        }
      }
    }
  })

  it('is not misled by a low byte that never changes', () => {
    const coarse = noiseLike({ sampleRate: 8000, ms: 1000 }).map((sample) => (sample & ~0xff) | 0x70)
    for (const order of ORDERS) assert.equal(detect(coarse, 8000, order), null)
  })

  it('waits for five clear frames, and then keeps to what it found', () => {
    const detector = new ByteOrderDetector()
    const frame = pcm16Bytes(sine({ frequencyHz: 400, sampleRate: 8000, ms: 20 }))
    const found = Array.from({ length: 6 }, () => detector.push(frame))
    assert.deepEqual(found, [null, null, null, null, 'le', 'le'])
    const swapped = swapBytes16(frame)
    for (let i = 0; i < 50; i++) assert.equal(detector.push(swapped), 'le')
    assert.equal(detector.order, 'le')
  })

  it('says nothing on crumbs', () => {
    const detector = new ByteOrderDetector()
    const crumb = pcm16Bytes(sine({ frequencyHz: 400, sampleRate: 8000, ms: 5 }))
    for (let i = 0; i < 50; i++) assert.equal(detector.push(crumb), null)
    assert.equal(detector.push(new Uint8Array(0)), null)
  })
})

describe('swapBytes16', () => {
  it('undoes itself, in new memory and in place', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (payload) => {
        const before = payload.slice()
        assert.deepEqual(swapBytes16(swapBytes16(payload)), before)
        assert.deepEqual(payload, before)
        assert.equal(swapBytes16(payload, payload), payload)
        assert.deepEqual(payload, swapBytes16(before))
      })
    )
  })

  it('swaps pairs, also at an odd address, and leaves an odd byte at the end', () => {
    const payload = Buffer.of(9, 1, 2, 3, 4, 5).subarray(1)
    assert.deepEqual([...swapBytes16(payload)], [2, 1, 4, 3, 5])
  })
})

function detect(samples: Int16Array, sampleRate: number, order: ByteOrder): ByteOrder | null {
  const detector = new ByteOrderDetector()
  const bytes = pcm16Bytes(samples)
  const payload = order === 'le' ? bytes : swapBytes16(bytes)
  const frameBytes = sampleRate / 25
  for (let at = 0; at < payload.length; at += frameBytes) detector.push(payload.subarray(at, at + frameBytes))
  return detector.order
}

function throughG711(law: 'pcmu' | 'pcma', samples: Int16Array): Int16Array {
  const codes = new Uint8Array(samples.length)
  const decoded = new Int16Array(samples.length)
  encodeG711(law, samples, codes)
  decodeG711(law, codes, decoded)
  return decoded
}
