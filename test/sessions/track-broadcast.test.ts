import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AudioFormat, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import { ALAW_TO_MULAW } from '../../audio/g711.ts'
import { AudioTaps } from '../../sessions/audio-taps.ts'
import { type BroadcastFrame, TrackBroadcast } from '../../sessions/track-broadcast.ts'

function createRig() {
  const taps = new AudioTaps()
  const encoded: BroadcastFrame[] = []
  const broadcast = new TrackBroadcast({
    taps,
    track: 'inbound',
    encode: (frame) => {
      encoded.push({ ...frame, payload: frame.payload.slice() })
      return encoded.length
    }
  })

  function publish(payload: Uint8Array, positionMs = 0, format: AudioFormat = PCMU_8K): void {
    taps.publish('inbound', { payload, format, positionMs })
  }
  return { taps, encoded, broadcast, publish }
}

describe('TrackBroadcast', () => {
  it('encodes a frame once for a hundred listeners', () => {
    const { broadcast, encoded, publish } = createRig()
    const heard: number[] = []
    for (let i = 0; i < 100; i++) broadcast.add((message) => heard.push(message))
    for (let frame = 0; frame < 50; frame++) publish(new Uint8Array(160), frame * 20)
    assert.equal(encoded.length, 50)
    assert.equal(heard.length, 5000)
    assert.deepEqual(new Set(heard.slice(0, 100)), new Set([1]))
  })

  it('taps the call only while somebody listens', () => {
    const { broadcast, taps } = createRig()
    assert.equal(taps.wants('inbound'), false)
    const leave = [broadcast.add(() => {}), broadcast.add(() => {})]
    assert.equal(taps.wants('inbound'), true)
    leave[0]()
    assert.equal(taps.wants('inbound'), true)
    leave[1]()
    leave[1]()
    assert.equal(taps.wants('inbound'), false)
  })

  it('numbers the chunks and rounds their time to the millisecond', () => {
    const { broadcast, encoded, publish } = createRig()
    broadcast.add(() => {})
    publish(new Uint8Array(160), 0)
    publish(new Uint8Array(160), 20.4)
    assert.deepEqual(
      encoded.map(({ track, chunk, timestampMs }) => [track, chunk, timestampMs]),
      [
        ['inbound', 1, 0],
        ['inbound', 2, 20]
      ]
    )
  })

  it('gives PCMU at 8 kHz whatever the call speaks, also where that changes', () => {
    const { broadcast, encoded, publish } = createRig()
    broadcast.add(() => {})
    publish(new Uint8Array(160).fill(0x12))
    publish(new Uint8Array(160).fill(0xd5), 20, PCMA_8K)
    publish(new Uint8Array(9600), 40, PCM16_24K)
    assert.deepEqual(encoded[0].payload, new Uint8Array(160).fill(0x12))
    assert.deepEqual(encoded[1].payload, new Uint8Array(160).fill(ALAW_TO_MULAW[0xd5]))
    assert.ok(Math.abs(encoded[2].payload.byteLength - 1600) < 50)
  })
})
