import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PCMU_8K } from '../../audio/format.ts'
import { CallMilestones, type MilestoneEvent } from '../../sessions/call-milestones.ts'
import { ManualClock } from '../support/manual-clock.ts'

const ALL: MilestoneEvent[] = [
  { type: 'stream.connected', inboundFormat: PCMU_8K, outboundFormat: PCMU_8K, streamId: null },
  { type: 'session.ready', engine: 'local', connectMs: 5, inputFormat: PCMU_8K, outputFormat: PCMU_8K },
  { type: 'audio.first_from_caller', afterMs: 1 },
  { type: 'audio.first_to_engine', afterMs: 2 },
  { type: 'audio.first_from_engine', afterMs: 3 },
  { type: 'audio.first_to_caller', afterMs: 4 }
]

function createRig() {
  const clock = new ManualClock()
  const told: MilestoneEvent[] = []
  return { clock, told, milestones: new CallMilestones({ clock, publish: (event) => told.push(event) }) }
}

describe('CallMilestones', () => {
  it('tells every step once, in one order, whichever came first and however often', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ALL, ...ALL], { minLength: 12 }), (arrivals) => {
        const { milestones, told, clock } = createRig()
        for (const event of arrivals) milestones.reached(event)
        assert.deepEqual(told, ALL)
        clock.advance(10_000)
        assert.equal(told.length, ALL.length)
      })
    )
  })

  it('tells a step at once when all before it have been told', () => {
    const { milestones, told } = createRig()
    milestones.reached(ALL[0])
    assert.deepEqual(told, [ALL[0]])
    milestones.reached(ALL[2])
    assert.equal(told.length, 1)
    assert.equal(milestones.has('audio.first_from_caller'), true)
    assert.equal(milestones.has('session.ready'), false)
    milestones.reached(ALL[1])
    assert.deepEqual(told, ALL.slice(0, 3))
  })

  it('waits two seconds for a step that may never come, then goes on without it', () => {
    const { milestones, told, clock } = createRig()
    milestones.reached(ALL[4])
    clock.advance(1999)
    assert.deepEqual(told, [])
    clock.advance(1)
    assert.deepEqual(told, [ALL[4]])
    milestones.reached(ALL[0])
    assert.deepEqual(told, [ALL[4], ALL[0]])
  })

  it('tells what waits when the call is over, and leaves no timer', () => {
    const { milestones, told, clock } = createRig()
    milestones.reached(ALL[5])
    milestones.reached(ALL[2])
    milestones.flush()
    assert.deepEqual(told, [ALL[2], ALL[5]])
    assert.equal(clock.pending, 0)
  })
})
