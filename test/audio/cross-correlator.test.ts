import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CrossCorrelator } from '../../audio/cross-correlator.ts'
import { noiseLike } from '../support/speech-like.ts'

function noise(length: number, seed: number): Float64Array {
  return Float64Array.from(noiseLike({ sampleRate: 1000, ms: length, seed }))
}

describe('CrossCorrelator', () => {
  it('gives the sum of the products at each place', () => {
    const correlator = new CrossCorrelator(256)
    for (const [windowLength, stretchLength] of [
      [100, 256],
      [31, 200],
      [1, 1]
    ]) {
      const window = noise(windowLength, 1)
      const stretch = noise(stretchLength, 2)
      const products = correlator.correlate(window, stretch)
      for (let k = 0; k <= stretchLength - windowLength; k++) {
        const sum = window.reduce((total, sample, n) => total + sample * stretch[n + k], 0)
        assert.ok(Math.abs(products[k] - sum) <= 1e-6 * windowLength * 32_768 ** 2, `place ${k}`)
      }
    }
  })

  it('refuses a size that is no power of 2', () => {
    assert.throws(() => new CrossCorrelator(1000), RangeError)
    assert.throws(() => new CrossCorrelator(1), RangeError)
  })
})
