import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../services/clock.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

describe('the clock of the system', () => {
  it('asks for no timer that Node would run at once, however far away a task is', (test) => {
    const setTimer = test.mock.method(globalThis, 'setTimeout')
    const cancels = [1000, 2 ** 31, 1e13].map((delayMs) => systemClock.after(delayMs, () => undefined))
    for (const cancel of cancels) cancel()
    const delays = setTimer.mock.calls.map((call) => call.arguments[1])
    assert.deepEqual(delays, [1000, LONGEST_TIMER_MS, LONGEST_TIMER_MS])
  })
})
