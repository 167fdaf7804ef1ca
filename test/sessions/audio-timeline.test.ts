import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { encodeMulawSample } from '../../audio/g711.ts'
import { SampleHistory } from '../../audio/sample-history.ts'
import { SPEECH_BAND_RATE_HZ } from '../../audio/speech-band.ts'
import { AudioTimeline } from '../../sessions/audio-timeline.ts'

const HISTORY_MS = 1000

function timeline() {
  const history = new SampleHistory((HISTORY_MS * SPEECH_BAND_RATE_HZ) / 1000)
  return { history, audio: new AudioTimeline(history) }
}

/** A tone, so that something stands out. */
function loud(ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 8 }, (_, i) => encodeMulawSample(8000 * Math.sin(i)))
}

/** Milliseconds before the end of the history, where sound begins and ends. */
function soundOf(history: SampleHistory): { fromMs: number; toMs: number } | null {
  const samples = history.last()
  const first = samples.findIndex((sample) => Math.abs(sample) > 1000)
  if (first < 0) return null
  const last = samples.findLastIndex((sample) => Math.abs(sample) > 1000)
  const before = (index: number) => ((samples.length - index) * 1000) / SPEECH_BAND_RATE_HZ
  return { fromMs: before(first), toMs: before(last + 1) }
}

function assertNear(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 3, `${actual} is not ${expected}`)
}

describe('AudioTimeline', () => {
  it('plays what was laid ahead when its time comes, after silence', () => {
    const { audio, history } = timeline()
    audio.lay(loud(300), PCMU_8K, 500)
    audio.advance(480)
    assert.equal(soundOf(history), null)
    for (let ms = 500; ms <= 1000; ms += 20) audio.advance(ms)
    assertNear(soundOf(history)?.fromMs, 500)
    assertNear(soundOf(history)?.toMs, 200)
  })

  it('lets pieces follow each other that are laid a little apart', () => {
    const { audio, history } = timeline()
    audio.lay(loud(100), PCMU_8K, 0)
    audio.lay(loud(100), PCMU_8K, 118)
    assert.equal(audio.endMs, 200)
    audio.advance(200)
    assertNear(soundOf(history)?.toMs, 0)
  })

  it('forgets what lies behind a cut, within a piece that is being played too', () => {
    const { audio, history } = timeline()
    audio.lay(loud(400), PCMU_8K, 0)
    audio.lay(loud(400), PCMU_8K, 600)
    audio.advance(200)
    audio.cut(260)
    audio.advance(800)
    assertNear(soundOf(history)?.toMs, 540)
    audio.lay(loud(100), PCMU_8K, 850)
    audio.advance(1000)
    assertNear(soundOf(history)?.toMs, 50)
  })

  it('plays on after a cut behind what has been played', () => {
    const { audio, history } = timeline()
    audio.lay(loud(400), PCMU_8K, 0)
    audio.advance(200)
    audio.cut(100)
    audio.lay(loud(50), PCMU_8K, 400)
    audio.advance(600)
    assertNear(soundOf(history)?.toMs, 150)
  })

  it('stays in step over an hour of pieces at odd places', () => {
    const { audio, history } = timeline()
    let atMs = 0
    for (let piece = 0; piece < 5000; piece++) {
      atMs += 700.37 + (piece % 7) * 3.11
      audio.lay(loud(20), PCMU_8K, atMs)
      audio.advance(atMs + 200)
    }
    assertNear(soundOf(history)?.toMs, 180)
    audio.advance(atMs + 100_000)
    assert.equal(soundOf(history), null)
  })
})
