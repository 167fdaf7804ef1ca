import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SampleRate } from '../../audio/format.ts'
import { rms } from '../../audio/level.ts'
import { Resampler } from '../../audio/resample.ts'
import { noiseLike } from '../support/speech-like.ts'
import { fitTone, sine, toneSnrDb } from '../support/tone.ts'

const PAIRS: [SampleRate, SampleRate][] = [
  [8000, 16000],
  [8000, 24000],
  [16000, 24000],
  [16000, 8000],
  [24000, 8000],
  [24000, 16000]
]
const AMPLITUDE = 30_000

for (const [fromHz, toHz] of PAIRS) {
  const lowerHz = Math.min(fromHz, toHz)
  const passbandHz = 0.425 * lowerHz
  const stopbandHz = 0.575 * lowerHz

  describe(`Resampler from ${fromHz} to ${toHz} Hz`, () => {
    it('is flat within 0.5 dB to 3.4 kHz, and to 85 % of the lower band', () => {
      for (let hz = 97; hz <= passbandHz; hz += 97) {
        const heard = fitTone(steadyState(tone(hz), fromHz, toHz), toHz, hz).amplitude
        assert.ok(
          Math.abs(decibels(heard / AMPLITUDE)) < 0.5,
          `${hz} Hz came out at ${heard} of ${AMPLITUDE}`
        )
      }
    })

    it('keeps images and distortion of what is in the passband below -60 dB', () => {
      for (let hz = 97; hz <= passbandHz; hz += 97) {
        const snrDb = toneSnrDb(steadyState(tone(hz), fromHz, toHz), toHz, hz)
        assert.ok(snrDb > 60, `${hz} Hz came out with ${snrDb} dB`)
      }
    })

    it('keeps 997 Hz, in frames of 20 ms, at 80 dB above all else', () => {
      const heard = concat(pushInChunks(new Resampler(fromHz, toHz), tone(997), fromHz / 50))
      assert.ok(toneSnrDb(heard.subarray(toHz / 50), toHz, 997) > 80)
    })

    if (fromHz > toHz) {
      it('silences what would alias, to -60 dB', () => {
        for (let hz = stopbandHz; hz < fromHz / 2; hz += 97) {
          const aliased = rms(steadyState(tone(hz), fromHz, toHz)) / rms(tone(hz))
          assert.ok(decibels(aliased) < -60, `${hz} Hz came out at ${decibels(aliased)} dB`)
        }
      })
    }

    it('lags by delayMs, and flush gives the rest', () => {
      const resampler = new Resampler(fromHz, toHz)
      const input = tone(997)
      const heard = concat([resampler.push(input).slice(), resampler.flush().slice()])
      const delaySamples = (resampler.delayMs * toHz) / 1000
      assert.equal(heard.length, (input.length * toHz) / fromHz + delaySamples)
      const expected = sine({ frequencyHz: 997, sampleRate: toHz, ms: 500, amplitude: AMPLITUDE })
      for (let i = toHz / 100; i < expected.length - toHz / 100; i++) {
        const off = Math.abs(heard[i + delaySamples] - expected[i])
        assert.ok(off < AMPLITUDE / 1000, `sample ${i} is off by ${off}`)
      }
    })

    it('gives the same samples however the stream is cut', () => {
      const input = noiseLike({ sampleRate: fromHz, ms: 100 })
      const whole = concat([new Resampler(fromHz, toHz).push(input)])
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 30 }), (sizes) => {
          const resampler = new Resampler(fromHz, toHz)
          const pieces: Int16Array[] = []
          let at = 0
          for (const size of [...sizes, input.length]) {
            const chunk = input.subarray(at, at + size)
            const announced = resampler.outputLength(chunk.length)
            pieces.push(resampler.push(chunk).slice())
            assert.equal(pieces.at(-1)?.length, announced)
            at += chunk.length
          }
          assert.deepEqual(concat(pieces), whole)
        }),
        { numRuns: 50 }
      )
    })

    it('begins anew after flush and after reset', () => {
      const input = noiseLike({ sampleRate: fromHz, ms: 33 })
      const resampler = new Resampler(fromHz, toHz)
      const fresh = resampler.push(input).slice()
      resampler.flush()
      assert.deepEqual(resampler.push(input), fresh)
      resampler.reset()
      assert.deepEqual(resampler.push(input), fresh)
    })

    it('rounds without shifting the audio up or down', () => {
      const { offset } = fitTone(steadyState(tone(997), fromHz, toHz), toHz, 997)
      assert.ok(Math.abs(offset) < 0.1, `shifted by ${offset}`)
    })

    it('keeps a constant as it is', () => {
      const heard = steadyState(new Int16Array(fromHz / 10).fill(1234), fromHz, toHz)
      assert.deepEqual(new Set(heard), new Set([1234]))
    })

    it('clips at 16 bits instead of wrapping round', () => {
      const period = fromHz / 200
      const square = Int16Array.from({ length: fromHz / 10 }, (_, i) =>
        i % period < period / 2 ? 32_767 : -32_768
      )
      const heard = steadyState(square, fromHz, toHz)
      assert.ok(heard.includes(32_767) && heard.includes(-32_768))
      const signs = heard.map((sample) => (sample < 0 ? -1 : 1))
      const flips = signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length
      assert.ok(Math.abs(flips - (heard.length * 400) / toHz) <= 1, `${flips} changes of sign`)
    })

    function tone(frequencyHz: number): Int16Array {
      return sine({ frequencyHz, sampleRate: fromHz, ms: 500, amplitude: AMPLITUDE })
    }
  })
}

describe('Resampler', () => {
  it('keeps 997 Hz from 8 to 24 kHz and back at 60 dB above all else', () => {
    const input = sine({ frequencyHz: 997, sampleRate: 8000, ms: 500 })
    const back = steadyState(steadyState(input, 8000, 24000), 24000, 8000)
    assert.ok(toneSnrDb(back, 8000, 997) > 60)
  })

  it('uses the memory of its output again', () => {
    const resampler = new Resampler(8000, 24000)
    const frame = new Int16Array(160)
    assert.equal(resampler.push(frame), resampler.push(frame))
  })
})

/** All of one push but the first 20 ms, in which the filter fills. */
function steadyState(input: Int16Array, fromHz: SampleRate, toHz: SampleRate): Int16Array {
  return new Resampler(fromHz, toHz).push(input).slice(toHz / 50)
}

function pushInChunks(resampler: Resampler, input: Int16Array, size: number): Int16Array[] {
  const pieces: Int16Array[] = []
  for (let at = 0; at < input.length; at += size) {
    pieces.push(resampler.push(input.subarray(at, at + size)).slice())
  }
  return pieces
}

function concat(pieces: readonly Int16Array[]): Int16Array {
  return Int16Array.from(pieces.flatMap((piece) => [...piece]))
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio)
}
