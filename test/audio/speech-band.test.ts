import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AudioFormat, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import { SPEECH_BAND_RATE_HZ, SpeechBand } from '../../audio/speech-band.ts'
import { createTranscoder } from '../../audio/transcoder.ts'
import { pcm16Bytes } from '../support/speech-like.ts'
import { fitTone, sine } from '../support/tone.ts'

function payloadOf(frequencyHz: number, format: AudioFormat): Uint8Array {
  const { sampleRate } = format
  const pcm = sine({ frequencyHz, sampleRate, ms: 500 })
  return createTranscoder({ encoding: 'pcm16', sampleRate }, format).push(pcm16Bytes(pcm)).slice()
}

function banded(band: SpeechBand, payload: Uint8Array): Float64Array {
  const samples = new Float64Array(payload.length)
  return samples.subarray(0, band.push(payload, samples))
}

describe('SpeechBand', () => {
  for (const format of [PCMU_8K, PCMA_8K, PCM16_16K, PCM16_24K])
    it(`keeps what is below 1.5 kHz of ${format.encoding} at ${format.sampleRate} Hz, and little of the rest`, () => {
      const level = (frequencyHz: number, heardAtHz = frequencyHz) => {
        const samples = banded(new SpeechBand(format), payloadOf(frequencyHz, format)).subarray(100)
        return fitTone(samples, SPEECH_BAND_RATE_HZ, heardAtHz).amplitude
      }
      assert.ok(level(1000) > 9000)
      assert.ok(level(100) < 2500, 'pitch is weakened')
      assert.ok(level(3000, 1000) < 500, `3 kHz folds down to 1 kHz at ${level(3000, 1000)}`)
    })

  it('gives the same whatever the pieces', () => {
    const payload = payloadOf(700, PCM16_24K)
    const whole = [...banded(new SpeechBand(PCM16_24K), payload)]
    const band = new SpeechBand(PCM16_24K)
    const pieces: number[] = []
    for (let from = 0, size = 2; from < payload.length; from += size, size = (size % 1000) + 14)
      pieces.push(...banded(band, payload.subarray(from, from + size)))
    assert.deepEqual(pieces, whole)
  })

  it('writes no further than it may', () => {
    const payload = payloadOf(700, PCMU_8K)
    const samples = new Float64Array(1000).fill(7)
    assert.equal(new SpeechBand(PCMU_8K).push(payload, samples.subarray(0, 300)), 300)
    assert.deepEqual(
      [...samples.subarray(0, 300)],
      [...banded(new SpeechBand(PCMU_8K), payload).subarray(0, 300)]
    )
    assert.ok(samples.subarray(300).every((sample) => sample === 7))
  })
})
