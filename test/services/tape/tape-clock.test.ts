import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TapeClock } from '../../../services/tape/tape-clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/** A clock of the recorder over one that is moved by hand, whose timers can be late. */
function createClocks() {
  const real = new ManualClock(1_000_000)
  const clock = new TapeClock(real)
  return { real, clock }
}

describe('TapeClock', () => {
  it('stands still while something is handled, and goes on when the event loop does', async () => {
    const { real, clock } = createClocks()
    real.advance(10)
    const { t } = clock.step()
    real.advance(5)
    assert.equal(t, 10)
    assert.equal(clock.elapsedMs, 10)
    await Promise.resolve()
    assert.equal(clock.elapsedMs, 10, 'also for promises that were waiting for it')
    await setImmediate()
    assert.equal(clock.elapsedMs, 15)
  })

  it('gives a late timer the instant at which it was due, before what came in meanwhile', async () => {
    const real = new ManualClock(1_000_000)
    const stalled = { now: () => real.now(), after: () => () => {} }
    const clock = new TapeClock(stalled)
    await setImmediate()
    const order: [string, number][] = []
    clock.after(20, () => order.push(['timer', clock.elapsedMs]))
    real.advance(33)
    const { t } = clock.step()
    order.push(['frame', t])
    assert.deepEqual(order, [
      ['timer', 20],
      ['frame', 33]
    ])
  })

  it('runs a timer by itself where nothing comes in', async () => {
    const { real, clock } = createClocks()
    const fired: number[] = []
    clock.after(20, () => fired.push(clock.elapsedMs))
    clock.after(20, () => fired.push(clock.elapsedMs))
    await setImmediate()
    real.advance(25)
    assert.deepEqual(fired, [20, 20])
  })

  it('runs no timer that was cancelled', () => {
    const { real, clock } = createClocks()
    const fired: number[] = []
    const cancel = clock.after(20, () => fired.push(1))
    cancel()
    real.advance(50)
    clock.step()
    assert.deepEqual(fired, [])
  })

  it('never runs backwards, whatever it was read for in between', async () => {
    const { real, clock } = createClocks()
    await setImmediate()
    real.advance(0.006)
    const read = clock.now()
    assert.ok(clock.step().t + 1_000_000 >= read)
  })

  it('tells what came in one go from what a promise may have come between', async () => {
    const { clock } = createClocks()
    assert.equal(clock.step().same, false)
    assert.equal(clock.step().same, true)
    await Promise.resolve()
    assert.equal(clock.step().same, false)
  })
})
