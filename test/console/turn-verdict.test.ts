import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { verdictOf } from '../../console/views/calls/turn-verdict.js'

const latency = (endpoint: number, engine: number, playout: number) => ({
  response: endpoint + engine + playout,
  endpoint,
  engine,
  playout
})

describe('why a turn was slow', () => {
  it('is the part that took longest', () => {
    assert.equal(verdictOf(latency(900, 500, 100))?.part, 'endpoint')
    assert.equal(verdictOf(latency(300, 1200, 100))?.part, 'engine')
    assert.equal(verdictOf(latency(300, 400, 1500))?.part, 'playout')
    assert.equal(verdictOf(latency(300, 1200, 100))?.partMs, 1200)
  })

  it('is the tool that the engine waited for, and the engine only for the rest', () => {
    const tools = [
      { tool: 'look_up', durationMs: 300 },
      { tool: 'search_products', durationMs: 900 }
    ]
    const verdict = verdictOf(latency(300, 1500, 20), tools)
    assert.deepEqual([verdict?.part, verdict?.partMs, verdict?.tool], ['tool', 1200, 'search_products'])
    const quick = verdictOf(latency(300, 1500, 20), [{ tool: 'look_up', durationMs: 100 }])
    assert.deepEqual([quick?.part, quick?.partMs, quick?.tool], ['engine', 1400, null])
  })

  it('never blames a tool for more than the engine took', () => {
    const verdict = verdictOf(latency(700, 200, 0), [{ tool: 'look_up', durationMs: 5000 }])
    assert.deepEqual([verdict?.part, verdict?.partMs], ['endpoint', 700])
  })

  it('calls up to 800 ms quick and more than 1500 ms slow', () => {
    const paceOf = (ms: number) => verdictOf(latency(ms, 0, 0))?.pace
    assert.deepEqual([800, 801, 1500, 1501].map(paceOf), ['quick', 'fair', 'fair', 'slow'])
  })

  it('has nothing to say where nothing was measured', () => {
    assert.equal(verdictOf({ response: null, endpoint: null, engine: null, playout: 16 }), null)
  })
})
