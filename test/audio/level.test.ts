import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeG711, encodeG711 } from '../../audio/g711.ts'
import { dbfs, estimatedRms, payloadRms, rms, SILENCE_DBFS } from '../../audio/level.ts'
import { noiseLike, pcm16Bytes, speechLike } from '../support/speech-like.ts'
import { sine } from '../support/tone.ts'

describe('level', () => {
  it('puts a full-scale square wave at 0 dB and a full-scale sine 3 dB below', () => {
    const square = Int16Array.from({ length: 800 }, (_, i) => (i % 20 < 10 ? 32_767 : -32_768))
    const full = sine({ frequencyHz: 1000, sampleRate: 8000, ms: 100, amplitude: 32_767 })
    assert.ok(Math.abs(dbfs(rms(square))) < 0.001)
    assert.ok(Math.abs(dbfs(rms(full)) + 3.01) < 0.01)
  })

  it('has a floor for silence and for nothing', () => {
    assert.equal(dbfs(rms(new Int16Array(160))), SILENCE_DBFS)
    assert.equal(dbfs(rms(new Int16Array(0))), SILENCE_DBFS)
    for (const encoding of ['pcmu', 'pcma', 'pcm16'] as const) {
      assert.equal(payloadRms(encoding, new Uint8Array(0)), 0)
    }
  })

  it('measures encoded audio as it would the samples', () => {
    const samples = noiseLike({ sampleRate: 8000, ms: 20, dbfs: -30 })
    assert.equal(payloadRms('pcm16', pcm16Bytes(samples)), rms(samples))
    for (const law of ['pcmu', 'pcma'] as const) {
      const codes = new Uint8Array(samples.length)
      const decoded = new Int16Array(samples.length)
      encodeG711(law, samples, codes)
      decodeG711(law, codes, decoded)
      assert.ok(Math.abs(payloadRms(law, codes) - rms(decoded)) < 1e-9)
    }
  })

  it('estimates the level of noise within 2 dB, of speech within 4, and of any tone within 5', () => {
    for (const sampleRate of [8000, 24_000] as const) {
      const frame = sampleRate / 50
      const tones = [100, 440, 1000, 1333, 1600, 2000, 2667, 3200]
      const heard = [
        { most: 2, pcm: noiseLike({ sampleRate, ms: 10_000, dbfs: -30 }) },
        { most: 4, pcm: speechLike({ sampleRate, ms: 10_000, dbfs: -20 }) },
        ...tones.map((frequencyHz) => ({ most: 5, pcm: sine({ frequencyHz, sampleRate, ms: 200 }) }))
      ]
      for (const { most, pcm } of heard) {
        for (let at = 0; at + frame <= pcm.length; at += frame) {
          const payload = pcm16Bytes(pcm.slice(at, at + frame))
          const level = dbfs(payloadRms('pcm16', payload))
          const error = Math.abs(dbfs(estimatedRms('pcm16', payload)) - level)
          assert.ok(level < -50 || error < most, `${error} dB at ${level} dBFS`)
        }
      }
    }
  })

  it('estimates what is short, or silent, by all of it', () => {
    assert.equal(estimatedRms('pcm16', Uint8Array.of(0x10, 0xff, 0x7f)), 240)
    assert.equal(estimatedRms('pcmu', new Uint8Array(160).fill(0xff)), 0)
    assert.equal(estimatedRms('pcma', new Uint8Array(160).fill(0xd5)), 8)
  })

  it('does not count half a sample', () => {
    assert.equal(payloadRms('pcm16', Uint8Array.of(0x10, 0xff, 0x7f)), 240)
  })
})
