import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exchangesOf, recordingStart, wordTimes } from '../../console/views/calls/exchanges.js'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString()

function row(turn_index: number, speaker: 'caller' | 'agent', said_text: string, fields = {}) {
  const from = turn_index * 10 + (speaker === 'agent' ? 5 : 0)
  const none = { response_ms: null, endpoint_ms: null, engine_ms: null, playout_ms: null }
  const span = { started_at: at(from), ended_at: at(from + 4) }
  return {
    turn_index,
    speaker,
    said_text,
    heard_text: said_text,
    interrupted: false,
    ...span,
    ...none,
    ...fields
  }
}

describe('the turns of a call, put together', () => {
  it('divide the words of the agent at where the caller stopped hearing them', () => {
    const [exchange] = exchangesOf(
      [
        row(1, 'caller', 'what are your hours'),
        row(1, 'agent', 'We are  open every day.', {
          heard_text: 'We are',
          interrupted: true,
          response_ms: 700
        })
      ],
      []
    )
    assert.deepEqual(exchange?.agent?.heard, ['We', 'are'])
    assert.deepEqual(exchange?.agent?.unheard, ['open', 'every', 'day.'])
    assert.deepEqual(exchange?.caller?.unheard, [])
    assert.deepEqual([exchange?.interrupted, exchange?.latency.response], [true, 700])
  })

  it('have each tool where the reply waited for it, and late ones at the end', () => {
    const tool = (second: number, name: string) => ({
      type: 'tool.called',
      occurred_at: at(second),
      payload: { tool: name, durationMs: 10, ok: true, code: null }
    })
    const exchanges = exchangesOf(
      [row(0, 'agent', 'Hello.'), row(1, 'caller', 'A lamp?'), row(1, 'agent', 'We have one.')],
      [tool(14, 'search_products'), tool(59, 'end_call')]
    )
    assert.deepEqual(
      exchanges.map(({ tools }) => tools.map((each) => each.tool)),
      [[], ['search_products', 'end_call']]
    )
  })

  it('give each heard word its time, by the letters before it', () => {
    const [exchange] = exchangesOf([row(0, 'agent', 'Hello there, you')], [])
    const side = exchange!.agent!
    const times = wordTimes(side)
    assert.equal(times[0], side.from)
    assert.ok(times.every((time, index) => index === 0 || time > times[index - 1]!))
    assert.ok(times.at(-1)! < side.to)
  })
})

describe('the beginning of a recording', () => {
  it('is its own, which consent may delay, else the answer, else the call', () => {
    const events = [{ type: 'recording.started', occurred_at: at(7) }]
    assert.equal(recordingStart({ events, answered_at: at(2), initiated_at: at(0) }), Date.parse(at(7)))
    assert.equal(recordingStart({ events: [], answered_at: at(2), initiated_at: at(0) }), Date.parse(at(2)))
    assert.equal(recordingStart({ events: [], answered_at: null, initiated_at: at(0) }), Date.parse(at(0)))
  })
})
