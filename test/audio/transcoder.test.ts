import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AudioFormat, bytesPerMs, formatName, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import {
  ALAW_TO_LINEAR,
  decodeG711,
  encodeAlawSample,
  encodeG711,
  MULAW_TO_LINEAR
} from '../../audio/g711.ts'
import { createTranscoder } from '../../audio/transcoder.ts'
import { noiseLike, pcm16Bytes } from '../support/speech-like.ts'
import { sine, toneSnrDb } from '../support/tone.ts'

const PCM16_8K: AudioFormat = { encoding: 'pcm16', sampleRate: 8000 }
const PCM16_16K: AudioFormat = { encoding: 'pcm16', sampleRate: 16000 }
const FORMATS = [PCMU_8K, PCMA_8K, PCM16_8K, PCM16_16K, PCM16_24K]
const PAIRS = FORMATS.flatMap((from) => FORMATS.map((to) => [from, to] as const)).filter(
  ([from, to]) => from !== to
)

for (const [from, to] of PAIRS) {
  describe(`Transcoder from ${formatName(from)} to ${formatName(to)}`, () => {
    it('keeps a 997 Hz tone, as well as G.711 can', () => {
      const transcoder = createTranscoder(from, to)
      const heard = transcoder.push(encode(from, tone(from))).slice()
      const samples = decode(to, heard).subarray(to.sampleRate / 50)
      const expectedDb = from.encoding === 'pcm16' && to.encoding === 'pcm16' ? 80 : 33
      assert.ok(toneSnrDb(samples, to.sampleRate, 997) > expectedDb)
    })

    it('gives the same bytes however the stream is cut, even within a sample', () => {
      const input = encode(from, noiseLike({ sampleRate: from.sampleRate, ms: 60 }))
      const whole = createTranscoder(from, to).push(input).slice()
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 701 }), { maxLength: 20 }), (sizes) => {
          const transcoder = createTranscoder(from, to)
          const pieces: number[] = []
          let at = 0
          for (const size of [...sizes, input.length]) {
            pieces.push(...transcoder.push(input.subarray(at, at + size)))
            at += size
          }
          assert.deepEqual(Uint8Array.from(pieces), whole)
        }),
        { numRuns: 30 }
      )
    })

    it('gives as much audio as it got, and what it holds back when flushed', () => {
      const transcoder = createTranscoder(from, to)
      const pushed = transcoder.push(encode(from, tone(from))).length
      assert.equal(pushed, 200 * bytesPerMs(to))
      assert.equal(transcoder.flush().length, transcoder.delayMs * bytesPerMs(to))
    })

    it('begins anew after flush and after reset, without the odd byte of before', () => {
      const transcoder = createTranscoder(from, to)
      const input = encode(from, noiseLike({ sampleRate: from.sampleRate, ms: 20 }))
      const fresh = transcoder.push(input).slice()
      transcoder.push(input.subarray(0, 33))
      transcoder.flush()
      assert.deepEqual(transcoder.push(input), fresh)
      transcoder.push(input.subarray(0, 33))
      transcoder.reset()
      assert.deepEqual(transcoder.push(input), fresh)
    })

    it('uses the memory of its output again', () => {
      const transcoder = createTranscoder(from, to)
      const frame = new Uint8Array(20 * bytesPerMs(from))
      assert.equal(transcoder.push(frame), transcoder.push(frame))
      assert.equal(transcoder.identity, false)
    })
  })
}

describe('Transcoder', () => {
  it('passes payloads as they are where the formats are the same', () => {
    for (const format of FORMATS) {
      const transcoder = createTranscoder(format, { ...format })
      const payload = Uint8Array.of(1, 2, 3)
      assert.equal(transcoder.identity, true)
      assert.equal(transcoder.push(payload), payload)
      assert.equal(transcoder.delayMs, 0)
      assert.equal(transcoder.flush().length, 0)
    }
  })

  it('reads 16-bit samples at odd addresses of a Buffer', () => {
    const bytes = pcm16Bytes(tone(PCM16_8K))
    const shifted = Buffer.concat([Buffer.of(0xaa), bytes]).subarray(1)
    const aligned = createTranscoder(PCM16_8K, PCMU_8K).push(bytes).slice()
    assert.deepEqual(createTranscoder(PCM16_8K, PCMU_8K).push(shifted), aligned)
  })

  it('writes and reads little-endian', () => {
    const decoded = createTranscoder(PCMU_8K, PCM16_8K).push(Uint8Array.of(0x80))
    assert.equal(Buffer.from(decoded).readInt16LE(), MULAW_TO_LINEAR[0x80])
    const payload = Buffer.alloc(2)
    payload.writeInt16LE(-8000)
    assert.deepEqual([...createTranscoder(PCM16_8K, PCMA_8K).push(payload)], [encodeAlawSample(-8000)])
  })

  it('waits for the second byte of a sample that arrives byte by byte', () => {
    const transcoder = createTranscoder(PCM16_8K, PCMA_8K)
    assert.equal(transcoder.push(Uint8Array.of(0x40)).length, 0)
    assert.equal(transcoder.push(new Uint8Array(0)).length, 0)
    assert.deepEqual([...transcoder.push(Uint8Array.of(0x1f))], [encodeAlawSample(0x1f40)])
    assert.equal(transcoder.push(new Uint8Array(0)).length, 0)
  })

  it('leaves the payload alone', () => {
    for (const [from, to] of PAIRS) {
      const payload = encode(from, tone(from))
      const before = payload.slice()
      createTranscoder(from, to).push(payload)
      assert.deepEqual(payload, before)
    }
  })

  it('copes with frames that change their size', () => {
    const transcoder = createTranscoder(PCM16_24K, PCMU_8K)
    for (const ms of [20, 200, 20, 0, 40]) {
      assert.equal(transcoder.push(new Uint8Array(ms * bytesPerMs(PCM16_24K))).length, ms * 8)
    }
  })
})

function tone(format: AudioFormat): Int16Array {
  return sine({ frequencyHz: 997, sampleRate: format.sampleRate, ms: 200 })
}

function encode(format: AudioFormat, samples: Int16Array): Uint8Array {
  if (format.encoding === 'pcm16') return pcm16Bytes(samples)
  const codes = new Uint8Array(samples.length)
  encodeG711(format.encoding, samples, codes)
  return codes
}

function decode(format: AudioFormat, payload: Uint8Array): Int16Array {
  if (format.encoding === 'pcm16') {
    return Int16Array.from({ length: payload.length / 2 }, (_, i) => Buffer.from(payload).readInt16LE(2 * i))
  }
  const samples = new Int16Array(payload.length)
  decodeG711(format.encoding, payload, samples)
  assert.ok(samples.every((sample) => MULAW_TO_LINEAR.includes(sample) || ALAW_TO_LINEAR.includes(sample)))
  return samples
}
