import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadWebRtcVad } from '../../../services/speech/webrtc-vad.ts'
import { speechLike } from '../../support/speech-like.ts'

describe('loadWebRtcVad', () => {
  it('keeps what one caller sounds like from the judgement of another', async () => {
    const vads = await loadWebRtcVad()
    const speech = speechLike({ sampleRate: 8000, ms: 2000 })
    const frames = Array.from({ length: 100 }, (_, i) => speech.subarray(i * 160, i * 160 + 160))
    const alone = vads.create()
    const expected = frames.map((frame) => alone.isSpeech(frame, 8000))
    const [one, other] = [vads.create(), vads.create()]
    const heard = frames.map((frame) => {
      other.isSpeech(new Int16Array(160), 8000)
      return one.isSpeech(frame, 8000)
    })
    assert.deepEqual(heard, expected)
    assert.ok(expected.filter(Boolean).length > 50)
  })

  it('refuses frames and rates that it cannot judge', async () => {
    const vad = (await loadWebRtcVad()).create()
    assert.throws(() => vad.isSpeech(new Int16Array(161), 8000), RangeError)
    assert.throws(() => vad.isSpeech(new Int16Array(5000), 8000), RangeError)
    assert.throws(() => vad.isSpeech(new Int16Array(480), 24_000), RangeError)
  })

  it('frees its memory once, however often it is closed', async () => {
    const vads = await loadWebRtcVad()
    const vad = vads.create()
    vad.close()
    vad.close()
    assert.throws(() => vad.isSpeech(new Int16Array(160), 8000), /closed/)
    assert.equal(vads.create().isSpeech(new Int16Array(160), 8000), false)
  })
})
