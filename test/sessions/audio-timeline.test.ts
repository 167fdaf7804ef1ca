import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { encodeMulawSample } from '../../audio/g711.ts'
import { SPEECH_BAND_RATE_HZ } from '../../audio/speech-band.ts'
import { AudioTimeline } from '../../sessions/audio-timeline.ts'

const KEPT_MS = 1000

/** A tone, so that something stands out. */
function loud(ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 8 }, (_, i) => encodeMulawSample(8000 * Math.sin(i)))
}

/** Milliseconds before `toMs` where sound begins and ends, in the second before it; null of silence. */
function soundOf(audio: AudioTimeline, toMs: number): { fromMs: number; toMs: number } | null {
  const samples = new Float64Array((KEPT_MS * SPEECH_BAND_RATE_HZ) / 1000)
  audio.read(toMs, samples)
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
  it('has what was laid ahead when its time comes, after silence', () => {
    const audio = new AudioTimeline()
    audio.lay(loud(300), PCMU_8K, 500)
    assert.equal(soundOf(audio, 480), null)
    assertNear(soundOf(audio, 600)?.fromMs, 100)
    assertNear(soundOf(audio, 600)?.toMs, 0)
    assertNear(soundOf(audio, 1000)?.fromMs, 500)
    assertNear(soundOf(audio, 1000)?.toMs, 200)
  })

  it('lets pieces follow each other that are laid a little apart, without a seam', () => {
    const audio = new AudioTimeline()
    const whole = new AudioTimeline()
    const tone = loud(200)
    audio.lay(tone.subarray(0, 800), PCMU_8K, 0)
    audio.lay(tone.subarray(800), PCMU_8K, 118)
    whole.lay(tone, PCMU_8K, 0)
    assert.equal(audio.endMs, 200)
    const [pieces, one] = [new Float64Array(4000), new Float64Array(4000)]
    audio.read(200, pieces)
    whole.read(200, one)
    assert.deepEqual(pieces, one)
  })

  it('forgets what lies behind a cut, within a piece that is being played too', () => {
    const audio = new AudioTimeline()
    audio.lay(loud(400), PCMU_8K, 0)
    audio.lay(loud(400), PCMU_8K, 600)
    audio.pass(200, KEPT_MS)
    audio.cut(260)
    assertNear(soundOf(audio, 800)?.toMs, 540)
    audio.lay(loud(100), PCMU_8K, 850)
    assertNear(soundOf(audio, 1000)?.toMs, 50)
  })

  it('keeps what has been played when a cut lies before that', () => {
    const audio = new AudioTimeline()
    audio.lay(loud(400), PCMU_8K, 0)
    audio.pass(200, KEPT_MS)
    audio.cut(100)
    assertNear(soundOf(audio, 500)?.toMs, 300)
    audio.lay(loud(50), PCMU_8K, 400)
    assertNear(soundOf(audio, 600)?.toMs, 150)
  })

  it('stays in step over an hour of pieces at odd places, and forgets what is past', () => {
    const audio = new AudioTimeline()
    let atMs = 0
    for (let piece = 0; piece < 5000; piece++) {
      atMs += 700.37 + (piece % 7) * 3.11
      audio.lay(loud(20), PCMU_8K, atMs)
      audio.pass(atMs + 200, KEPT_MS)
    }
    assertNear(soundOf(audio, atMs + 200)?.toMs, 180)
    audio.pass(atMs + 100_000, KEPT_MS)
    assert.equal(audio.endMs, 0)
  })
})
