import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AudioFormat, PCM16_16K, PCM16_24K, PCMU_8K } from '../../audio/format.ts'
import { encodeG711 } from '../../audio/g711.ts'
import { StereoInterleaver } from '../../audio/stereo-interleaver.ts'
import { fitTone, sine } from '../support/tone.ts'

const FORMAT: AudioFormat = { encoding: 'pcm16', sampleRate: 8000 }

function pcm(...samples: number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(samples).buffer)
}

function numbered(from: number, count: number): Uint8Array {
  return pcm(...Array.from({ length: count }, (_, i) => from + i))
}

function channels(...blocks: Uint8Array[]): { left: number[]; right: number[] } {
  const bytes = Buffer.concat(blocks)
  const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  const of = (channel: number) => [...samples.filter((_, i) => i % 2 === channel)]
  return { left: of(0), right: of(1) }
}

describe('two tracks in stereo', () => {
  it('lie side by side, each at its own position', () => {
    const tracks = new StereoInterleaver(8000)
    tracks.push(0, numbered(1, 160), FORMAT, 0)
    tracks.push(1, numbered(1000, 80), FORMAT, 10)
    const { left, right } = channels(tracks.take(true))
    assert.deepEqual(
      left,
      [...Array(160).keys()].map((i) => i + 1)
    )
    assert.deepEqual(right, [...Array(80).fill(0), ...[...Array(80).keys()].map((i) => i + 1000)])
  })

  it('wait for each other, but not for one that has fallen silent', () => {
    const tracks = new StereoInterleaver(8000)
    tracks.push(0, numbered(1, 320), FORMAT, 0)
    tracks.push(1, numbered(1, 160), FORMAT, 0)
    assert.equal(channels(tracks.take()).left.length, 160)
    tracks.push(0, new Uint8Array(5 * 16_000), FORMAT, 40)
    const { left, right } = channels(tracks.take())
    assert.equal(left.length, right.length)
    assert.ok(left.length > 2 * 8000, 'the silent one was waited for')
  })

  it('have silence where something was lost, and nothing twice', () => {
    const tracks = new StereoInterleaver(8000)
    tracks.push(0, numbered(1, 8), FORMAT, 0)
    tracks.push(0, numbered(101, 16), FORMAT, 4)
    tracks.push(0, numbered(105, 16), FORMAT, 4.5)
    const { left } = channels(tracks.take(true))
    assert.deepEqual(left.slice(0, 8), [1, 2, 3, 4, 5, 6, 7, 8])
    assert.deepEqual(left.slice(8, 32), Array(24).fill(0))
    assert.deepEqual(
      left.slice(32, 48),
      [...Array(16).keys()].map((i) => 101 + i)
    )
    assert.deepEqual(left.slice(48), [117, 118, 119, 120])
  })

  it('drop what comes for a time that was given out already', () => {
    const tracks = new StereoInterleaver(8000)
    tracks.push(0, numbered(1, 160), FORMAT, 0)
    tracks.take(true)
    tracks.push(1, numbered(7000, 160), FORMAT, 0)
    tracks.push(1, numbered(8000, 160), FORMAT, 20)
    assert.deepEqual(
      channels(tracks.take(true)).right,
      [...Array(160).keys()].map((i) => 8000 + i)
    )
  })

  it('do not drift apart by roundings that add up over an hour', () => {
    const tracks = new StereoInterleaver(8000)
    // 200.5 ms by the clock, 200 ms by the count: 9 s in an hour.
    const frame = numbered(1, 1600)
    let bytes = 0
    for (let i = 0; i < 3600 * 5; i++) {
      tracks.push(0, frame, FORMAT, i * 200.5)
      if (i % 5 === 0) bytes += tracks.take(true).byteLength
    }
    bytes += tracks.take(true).byteLength
    assert.ok(Math.abs(bytes / 32 - 3600 * 5 * 200.5) <= 20)
  })

  it('have one rate, whatever each of them is in', () => {
    const tracks = new StereoInterleaver(24000)
    const tone = sine({ frequencyHz: 997, sampleRate: 8000, ms: 1000 })
    const codes = new Uint8Array(tone.length)
    encodeG711('pcmu', tone, codes)
    const wide = sine({ frequencyHz: 1403, sampleRate: 16000, ms: 1000 })
    tracks.push(0, codes, PCMU_8K, 0)
    tracks.push(1, new Uint8Array(wide.buffer), PCM16_16K, 0)
    const { left, right } = channels(tracks.take(true))
    assert.ok(fitTone(left.slice(2400, 21600), 24000, 997).snrDb > 30)
    assert.ok(fitTone(right.slice(2400, 21600), 24000, 1403).snrDb > 60)
    assert.ok(PCM16_24K.sampleRate === tracks.sampleRate)
  })
})
