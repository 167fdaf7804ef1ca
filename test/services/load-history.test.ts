import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLoadHistory } from '../../services/load-history.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('the history of load', () => {
  it('has a sample of each 5 s, of the last hour alone', (test) => {
    const clock = new ManualClock()
    let liveCalls = 0
    const history = createLoadHistory({ clock, liveCalls: () => liveCalls, storePending: () => 7 })
    test.after(() => history.close())
    assert.deepEqual(history.samples(), [])
    for (liveCalls = 1; liveCalls <= 721; liveCalls++) clock.advance(5000)
    const samples = history.samples()
    assert.deepEqual([samples.length, samples[0]?.live_calls, samples.at(-1)?.live_calls], [720, 2, 721])
    assert.equal(samples[1]!.at.getTime() - samples[0]!.at.getTime(), 5000)
    assert.equal(samples[0]?.store_pending, 7)
    assert.ok(samples[0]!.memory_bytes > 0)
  })

  it('takes none once it is closed', () => {
    const clock = new ManualClock()
    const history = createLoadHistory({ clock, liveCalls: () => 0, storePending: () => 0 })
    history.close()
    clock.advance(60_000)
    assert.deepEqual(history.samples(), [])
  })
})
