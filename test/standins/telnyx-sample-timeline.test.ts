import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SampleTimeline } from './telnyx/sample-timeline.ts'

const SPEECH = Int16Array.of(1, 2, 3, 4)

describe('SampleTimeline', () => {
  it('queues behind what is still to come, or at the present', () => {
    const timeline = new SampleTimeline()
    assert.equal(timeline.append(SPEECH, 2), 2)
    assert.equal(timeline.append(SPEECH, 3), 6)
    assert.equal(timeline.append(SPEECH, 12), 12)
    assert.deepEqual([...timeline.read(0, 17)], [0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 0])
  })

  it('keeps what was heard and drops the rest at a cut', () => {
    const timeline = new SampleTimeline()
    timeline.append(SPEECH, 0)
    assert.equal(timeline.cut(1), 3)
    assert.equal(timeline.cut(5), 0)
    timeline.append(SPEECH, 2)
    assert.deepEqual([...timeline.read(0, 6)], [1, 0, 1, 2, 3, 4])
  })

  it('forgets the past without moving the rest', () => {
    const timeline = new SampleTimeline()
    const long = Int16Array.from({ length: 20_000 }, (_, i) => i)
    timeline.append(long, 0)
    timeline.forgetBefore(18_000)
    assert.equal(timeline.append(SPEECH, 0), 20_000)
    assert.deepEqual([...timeline.read(17_999, 18_002)], [0, 18_000, 18_001])
    assert.deepEqual([...timeline.read(19_999, 20_005)], [19_999, 1, 2, 3, 4, 0])
    timeline.forgetBefore(60_000)
    timeline.append(SPEECH, 60_000)
    assert.deepEqual([...timeline.read(59_999, 60_005)], [0, 1, 2, 3, 4, 0])
  })
})
