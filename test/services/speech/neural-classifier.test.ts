import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NeuralClassifier } from '../../../services/speech/neural-classifier.ts'
import type { SileroVad } from '../../../services/speech/silero-vad.ts'

const FRAME_SAMPLES = 320

/** Calls speech what its last sample says, and keeps what it heard. */
class FakeSilero implements SileroVad {
  heard: number[] = []
  resets = 0
  closed = 0

  isSpeech(window: Float32Array): boolean {
    this.heard.push(...window)
    return window[window.length - 1] > 0.5
  }

  reset(): void {
    this.resets++
  }

  close(): void {
    this.closed++
  }
}

function classifierOf(vad: SileroVad): NeuralClassifier {
  return new NeuralClassifier({ sampleRate: 16_000, vad })
}

function frame(value: number): Int16Array {
  return new Int16Array(FRAME_SAMPLES).fill(value)
}

describe('NeuralClassifier', () => {
  it('leaves the network alone in silence', () => {
    const vad = new FakeSilero()
    const classifier = classifierOf(vad)
    for (let at = 0; at < 500; at++) assert.equal(classifier.classify(frame(10), false), 'other')
    assert.equal(vad.heard.length, 0)
  })

  it('lets it hear the 60 ms before the first loud frame', () => {
    const vad = new FakeSilero()
    const classifier = classifierOf(vad)
    for (let at = 1; at <= 6; at++) classifier.classify(frame(at * 32), false)
    classifier.classify(frame(20_000), true)
    const frames = Array.from({ length: 3 }, (_, at) => vad.heard[at * FRAME_SAMPLES] * 1024)
    assert.deepEqual(frames, [4, 5, 6])
  })

  it('lets it hear 300 ms after the last one, and then forget', () => {
    const vad = new FakeSilero()
    const classifier = classifierOf(vad)
    classifier.classify(frame(20_000), true)
    for (let at = 0; at < 13; at++) classifier.classify(frame(1), false)
    assert.equal(vad.resets, 0)
    for (let at = 0; at < 20; at++) classifier.classify(frame(1), false)
    assert.equal(vad.resets, 1)
    assert.equal(vad.heard.length, Math.floor(((3 + 15) * FRAME_SAMPLES) / 512) * 512)
  })

  it('does not let it hear a silence again that came before the speech', () => {
    const vad = new FakeSilero()
    const classifier = classifierOf(vad)
    for (let at = 0; at < 3; at++) classifier.classify(frame(7 * 32), false)
    classifier.classify(frame(20_000), true)
    for (let at = 0; at < 14; at++) classifier.classify(frame(1), false)
    vad.heard = []
    classifier.classify(frame(20_000), true)
    assert.equal(vad.heard[0], 0)
  })

  it('answers for each frame with the last window', () => {
    const classifier = classifierOf(new FakeSilero())
    const classes = Array.from({ length: 4 }, () => classifier.classify(frame(20_000), true))
    assert.ok(classes.includes('voiced'))
    for (let at = 0; at < 4; at++) classifier.classify(frame(1), true)
    assert.equal(classifier.classify(frame(1), true), 'other')
  })

  it('gives the network back when it is closed', () => {
    const vad = new FakeSilero()
    classifierOf(vad).close()
    assert.equal(vad.closed, 1)
  })
})
