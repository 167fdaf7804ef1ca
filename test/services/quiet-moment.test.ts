import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { quietMoment } from '../../services/quiet-moment.ts'

const BUSY_ROUND_MS = 1

/** Keeps the event loop busy, round after round, until `isOver`. */
async function keepBusy(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const until = performance.now() + BUSY_ROUND_MS
    while (performance.now() < until);
    await setImmediate()
  }
}

describe('Quiet moment', () => {
  it('is when the rounds of the event loop have nothing to do any more', async () => {
    let busyRounds = 5
    const busy = keepBusy(() => busyRounds-- === 0)
    await quietMoment()
    assert.ok(busyRounds < 0, `${busyRounds} busy rounds were still to come`)
    await busy
  })

  it('is not waited for without end', async () => {
    let isWaited = false
    const busy = keepBusy(() => isWaited)
    await quietMoment()
    isWaited = true
    await busy
  })
})
