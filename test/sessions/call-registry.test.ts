import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { CallRegistry, type HeldCall } from '../../sessions/call-registry.ts'
import type { CallSession } from '../../sessions/call-session.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createRig, settle, testCall, testProfile } from '../support/session-rig.ts'

function held(id: string, session: CallSession | null = null): HeldCall {
  const call = { ...testCall, callId: id, carrierCallId: `carrier-${id}` }
  const giveUp = async () => assert.fail(`${id} was given up`)
  return { call, profile: testProfile, streamFormat: PCMU_8K, tape: null, answeredAt: null, session, giveUp }
}

function createRegistry(maxConcurrentCalls = 2) {
  const clock = new ManualClock()
  return { clock, registry: new CallRegistry({ maxConcurrentCalls, clock }) }
}

describe('CallRegistry', () => {
  it('finds a call by our id and by the carrier’s, until it is forgotten', () => {
    const { registry } = createRegistry()
    const call = held('a')
    registry.hold(call)
    assert.equal(registry.find('a'), call)
    assert.equal(registry.find('carrier-a'), call)
    registry.forget(call)
    assert.deepEqual([registry.find('a'), registry.find('carrier-a'), registry.size], [null, null, 0])
  })

  it('has room for so many calls, ringing ones too, and again when one has gone', () => {
    const { registry } = createRegistry(2)
    const [first, second] = [held('a'), held('b')]
    registry.hold(first)
    assert.equal(registry.refusal(), null)
    registry.hold(second)
    assert.equal(registry.refusal(), 'rejected_capacity')
    registry.forget(first)
    registry.forget(first)
    assert.equal(registry.refusal(), null)
    assert.equal(registry.size, 1)
  })

  it('does not forget a call for another one of the same id', () => {
    const { registry } = createRegistry()
    const call = held('a')
    registry.hold(call)
    registry.forget(held('a'))
    assert.equal(registry.find('a'), call)
  })

  it('takes no more calls once it drains, and is drained when the last one has gone', async () => {
    const { registry, clock } = createRegistry()
    const [first, second] = [held('a'), held('b')]
    registry.hold(first)
    registry.hold(second)
    let drained = false
    const draining = registry.drain(60_000).then(() => {
      drained = true
    })
    assert.equal(registry.refusal(), 'draining')
    registry.forget(first)
    await settle()
    assert.equal(drained, false)
    registry.forget(second)
    await draining
    assert.equal(clock.pending, 0)
  })

  it('is drained at once where there is no call', async () => {
    const { registry, clock } = createRegistry()
    await registry.drain(60_000)
    assert.deepEqual([registry.draining, clock.pending], [true, 0])
  })

  it('ends at the deadline what is left, and gives up what only rings', async () => {
    const { registry, clock } = createRegistry()
    const rig = createRig()
    await rig.connect()
    const live = held('live', rig.session)
    rig.session.once('closed', () => registry.forget(live))
    registry.hold(live)
    const givenUp: string[] = []
    const ringing: HeldCall = {
      ...held('ringing'),
      giveUp: async (reason) => {
        givenUp.push(reason)
        registry.forget(ringing)
      }
    }
    registry.hold(ringing)
    const drained = registry.drain(60_000)
    clock.advance(59_999)
    assert.deepEqual([rig.of('call.ended').length, registry.size], [0, 2])
    clock.advance(1)
    await drained
    assert.deepEqual(
      rig.of('call.ended').map(({ reason }) => reason),
      ['draining']
    )
    assert.deepEqual([givenUp, registry.size], [['draining'], 0])
  })

  it('is not drained before the leg of what it gave up has been ended', async () => {
    const { registry, clock } = createRegistry()
    const leg = Promise.withResolvers<void>()
    const ringing: HeldCall = {
      ...held('ringing'),
      giveUp: () => {
        registry.forget(ringing)
        return leg.promise
      }
    }
    registry.hold(ringing)
    let drained = false
    const draining = registry.drain(60_000).then(() => {
      drained = true
    })
    clock.advance(60_000)
    await settle()
    assert.equal(drained, false)
    leg.resolve()
    await draining
  })

  it('counts the frames of calls that are live and of those that are over', async () => {
    const { registry } = createRegistry()
    const rig = createRig()
    await rig.connect()
    const call = held('a', rig.session)
    registry.hold(call)
    rig.engine.speak('r', 100)
    const during = registry.frames
    assert.deepEqual(during, { in: 10, out: 1 })
    registry.forget(call)
    assert.deepEqual(registry.frames, during)
  })
})
