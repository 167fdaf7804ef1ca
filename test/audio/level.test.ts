import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeG711, encodeG711 } from '../../audio/g711.ts'
import { dbfs, payloadRms, rms, SILENCE_DBFS } from '../../audio/level.ts'
import { noiseLike, pcm16Bytes } from '../support/speech-like.ts'
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

  it('does not count half a sample', () => {
    assert.equal(payloadRms('pcm16', Uint8Array.of(0x10, 0xff, 0x7f)), 240)
  })
})
