import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UtteranceRecorder } from '../../../../services/engines/local/utterance-recorder.ts'

const RATE = 8000

/** Samples that count up from the call's first, so that each tells where it belongs. */
function recorderAfter(ms: number): { recorder: UtteranceRecorder; push: (ms: number) => void } {
  const recorder = new UtteranceRecorder({ sampleRate: RATE })
  let next = 0
  const frame = new Int16Array(160)
  const push = (ms: number) => {
    for (let at = 0; at < ms; at += 20) {
      for (let i = 0; i < frame.length; i++) frame[i] = next++ % 32_768
      recorder.push(frame)
    }
  }
  push(ms)
  return { recorder, push }
}

describe('UtteranceRecorder', () => {
  it('gives exactly the samples between two instants, from before the start on', () => {
    const { recorder, push } = recorderAfter(2000)
    recorder.start()
    push(500)
    const pcm = recorder.stop(1700, 2300)
    assert.equal(pcm.length, 600 * 8)
    assert.equal(pcm[0], 1700 * 8)
    assert.equal(pcm.at(-1), 2300 * 8 - 1)
  })

  it('gives what there is where the call is younger than the pre-roll', () => {
    const { recorder } = recorderAfter(100)
    recorder.start()
    assert.equal(recorder.stop(-150, 100).length, 800)
  })

  it('keeps places right from one utterance to the next', () => {
    const { recorder, push } = recorderAfter(1000)
    recorder.start()
    recorder.stop(800, 1000)
    push(1500)
    recorder.start()
    assert.equal(recorder.stop(2000, 2100)[0], 2000 * 8)
  })

  it('keeps only the last second while nobody speaks, and 20 seconds of one who never stops', () => {
    const { recorder, push } = recorderAfter(10_000)
    recorder.start()
    assert.equal(Math.round(recorder.stop(0, 10_000).length / 8), 1000)
    push(2000)
    recorder.start()
    push(60_000)
    const kept = recorder.stop(0, 72_000).length / 8
    assert.ok(kept >= 19_900 && kept <= 20_100, `${kept} ms`)
  })
})
