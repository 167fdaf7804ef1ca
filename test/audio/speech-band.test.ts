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

describe('SpeechBand', () => {
  for (const format of [PCMU_8K, PCMA_8K, PCM16_16K, PCM16_24K])
    it(`keeps what is below 1.5 kHz of ${format.encoding} at ${format.sampleRate} Hz, and little of the rest`, () => {
      const level = (frequencyHz: number, heardAtHz = frequencyHz) => {
        const samples = new SpeechBand(format).push(payloadOf(frequencyHz, format)).subarray(100)
        return fitTone(samples, SPEECH_BAND_RATE_HZ, heardAtHz).amplitude
      }
      assert.ok(level(1000) > 9000)
      assert.ok(level(100) < 2500, 'pitch is weakened')
      assert.ok(level(3000, 1000) < 500, `3 kHz folds down to 1 kHz at ${level(3000, 1000)}`)
    })

  it('gives the same whatever the pieces', () => {
    const payload = payloadOf(700, PCM16_24K)
    const whole = [...new SpeechBand(PCM16_24K).push(payload)]
    const band = new SpeechBand(PCM16_24K)
    const pieces: number[] = []
    for (let from = 0, size = 2; from < payload.length; from += size, size = (size % 1000) + 14)
      pieces.push(...band.push(payload.subarray(from, from + size)))
    assert.deepEqual(pieces, whole)
  })
})
