import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Resampler } from '../../console/audio/resampler.js'
import { fitTone } from '../support/tone.ts'

function tone(hz: number, rate: number, ms: number): Float32Array {
  return Float32Array.from({ length: (rate * ms) / 1000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))
}

/** In pieces of 128 samples, as the audio thread brings them; without the beginning, where the filter fills. */
function resample(samples: Float32Array, from: number, to: number): Float32Array {
  const resampler = new Resampler(from, to)
  const out: number[] = []
  for (let i = 0; i < samples.length; i += 128) out.push(...resampler.push(samples.subarray(i, i + 128)))
  return Float32Array.from(out).subarray(to / 50)
}

describe('the resampler of the console', () => {
  for (const device of [44_100, 48_000, 96_000, 16_000]) {
    for (const call of [8000, 16_000, 24_000]) {
      it(`keeps a voice between ${device} and ${call} Hz, both ways, at its length and loudness`, () => {
        for (const [from, to] of [
          [device, call],
          [call, device]
        ]) {
          const out = resample(tone(1000, from, 500), from, to)
          const { amplitude, snrDb } = fitTone(out, to, 1000)
          assert.ok(snrDb > 55, `${from} to ${to}: ${snrDb} dB`)
          assert.ok(Math.abs(amplitude - 1) < 0.01)
          const lost = to * 0.48 - out.length
          assert.ok(Math.abs(lost) < to * 0.01, `${lost} samples are missing`)
        }
      })
    }
  }

  it('lets nothing fold back that a telephone cannot carry', () => {
    for (const hz of [4700, 6000, 9000, 15_000]) {
      const out = resample(tone(hz, 48_000, 300), 48_000, 8000)
      const loudest = out.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)
      assert.ok(loudest < 0.003, `${hz} Hz comes through at ${loudest}`)
    }
  })
})
