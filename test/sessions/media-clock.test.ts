import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MediaClock } from '../../sessions/media-clock.ts'

const FRAME_MS = 20

describe('MediaClock', () => {
  it('counts the audio received, and runs on by the wall clock for a frame at most', () => {
    const clock = new MediaClock(0)
    for (let now = 20; now <= 200; now += 20) clock.advance(FRAME_MS, now)
    assert.equal(clock.at(200), 200)
    assert.equal(clock.at(210), 210)
    assert.equal(clock.at(260), 220)
  })

  it('is not bent by jitter', () => {
    const clock = new MediaClock(0)
    for (const now of [20, 55, 58, 80, 119, 121, 140]) clock.advance(FRAME_MS, now)
    assert.equal(clock.at(140), 140)
  })

  it('goes by the wall clock where no frames come', () => {
    const clock = new MediaClock(0)
    clock.advance(FRAME_MS, 20)
    assert.equal(clock.at(1020), 1020)
    clock.advance(FRAME_MS, 1020)
    assert.equal(clock.at(1020), 1020)
  })

  it('does not count twice what comes late in a burst', () => {
    const clock = new MediaClock(0)
    for (let now = 20; now <= 200; now += 20) clock.advance(FRAME_MS, now)
    for (let frame = 0; frame < 50; frame++) clock.advance(FRAME_MS, 1200)
    assert.equal(clock.at(1200), 1200)
    for (let now = 1220; now <= 1400; now += 20) clock.advance(FRAME_MS, now)
    assert.equal(clock.at(1400), 1400)
  })

  it('does not count twice what comes late in a burst with pauses in it', () => {
    const clock = new MediaClock(0)
    for (let now = 20; now <= 200; now += 20) clock.advance(FRAME_MS, now)
    // Nothing for 200 ms; then a busy machine reads a frame, is kept from the others for a while, and reads them.
    clock.advance(FRAME_MS, 400)
    for (let frame = 0; frame < 4; frame++) clock.advance(FRAME_MS, 418)
    for (let frame = 0; frame < 6; frame++) clock.advance(FRAME_MS, 434)
    assert.ok(Math.abs(clock.at(434) - 434) <= FRAME_MS, `${clock.at(434)} at 434`)
  })

  it('takes frames at their own pace again for those after a gap', () => {
    const clock = new MediaClock(0)
    clock.advance(FRAME_MS, 500)
    assert.equal(clock.recordedMs, FRAME_MS)
    for (let now = 520; now <= 1000; now += 20) clock.advance(FRAME_MS, now)
    assert.equal(clock.at(1000), 1000)
    assert.equal(clock.recordedMs, 1000)
  })

  it('never runs backwards, whatever comes when', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 400 }),
      frames: fc.integer({ min: 0, max: 20 })
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new MediaClock(0)
        let now = 0
        let last = 0
        const look = () => {
          const positionMs = clock.at(now)
          assert.ok(positionMs >= last, `${positionMs} after ${last}`)
          last = positionMs
        }
        for (const { waitMs, frames } of steps) {
          now += waitMs
          look()
          for (let frame = 0; frame < frames; frame++) {
            clock.advance(FRAME_MS, now)
            look()
          }
        }
      }),
      { numRuns: 1000 }
    )
  })

  it('stays near the carrier’s time when a stall is followed by all that was held up', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            smoothFrames: fc.integer({ min: 5, max: 100 }),
            stallFrames: fc.integer({ min: 0, max: 100 })
          }),
          {
            maxLength: 8
          }
        ),
        (periods) => {
          const clock = new MediaClock(0)
          let now = 0
          for (const { smoothFrames, stallFrames } of periods) {
            for (let frame = 0; frame < smoothFrames; frame++) {
              now += FRAME_MS
              clock.advance(FRAME_MS, now)
            }
            now += stallFrames * FRAME_MS
            for (let frame = 0; frame < stallFrames; frame++) clock.advance(FRAME_MS, now)
            assert.ok(Math.abs(clock.at(now) - now) <= 2 * FRAME_MS, `${clock.at(now)} of ${now}`)
          }
        }
      )
    )
  })
})
