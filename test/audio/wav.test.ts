import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import wavefile from 'wavefile'
import { WAV_HEADER_BYTES, wavHeader } from '../../audio/wav.ts'
import { noiseLike, pcm16Bytes } from '../support/speech-like.ts'

describe('wavHeader', () => {
  it('makes a file that an independent reader understands, mono and stereo', () => {
    for (const channels of [1, 2]) {
      const samples = noiseLike({ sampleRate: 24000, ms: 20 })
      const header = wavHeader({ sampleRate: 24000, channels, dataBytes: samples.byteLength })
      assert.equal(header.length, WAV_HEADER_BYTES)
      const wav = new wavefile.WaveFile(Buffer.concat([header, pcm16Bytes(samples)]))
      assert.deepEqual(wav.fmt, {
        ...(wav.fmt as object),
        audioFormat: 1,
        numChannels: channels,
        sampleRate: 24000,
        byteRate: 48000 * channels,
        blockAlign: 2 * channels,
        bitsPerSample: 16
      })
      const { samples: data } = wav.data as { samples: Uint8Array }
      assert.deepEqual([...data], [...pcm16Bytes(samples)])
    }
  })

  it('says how long the file is', () => {
    const header = Buffer.from(wavHeader({ sampleRate: 8000, channels: 2, dataBytes: 64_000 }))
    assert.equal(header.readUInt32LE(4), 64_000 + WAV_HEADER_BYTES - 8)
    assert.equal(header.readUInt32LE(40), 64_000)
  })

  it('refuses what its size field cannot say', () => {
    assert.throws(() => wavHeader({ sampleRate: 8000, channels: 1, dataBytes: 2 ** 32 }), RangeError)
  })
})
