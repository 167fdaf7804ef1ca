import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCallEvent } from '../../../cli/phone/call-events.ts'
import { CallLog } from '../../../cli/phone/call-log.ts'

function turn(turnIndex: number, spoken = true) {
  return {
    turnIndex,
    caller: spoken ? { saidText: 'hi', heardText: 'hi' } : null,
    agent: null,
    interrupted: false,
    heardMs: 0,
    saidMs: 0,
    latency: { responseMs: null, endpointMs: null, engineMs: null, playoutMs: null }
  }
}

function transcript(turnIndex: number) {
  return { type: 'transcript', payload: { turnIndex, speaker: 'agent', text: 'x', final: false } } as const
}

describe('CallLog', () => {
  it('knows which utterance began a turn, though the turn is told after the next one began', () => {
    const log = new CallLog()
    log.take(transcript(0), -1)
    log.take({ type: 'turn.completed', payload: { turn: turn(0, false) } }, -1)
    log.take(transcript(1), 0)
    log.take({ type: 'turn.completed', payload: { turn: turn(1) } }, 1)
    // What the caller said, which may be understood late.
    log.take(transcript(1), 1)
    log.take(transcript(2), 1)
    log.take({ type: 'turn.completed', payload: { turn: turn(2) } }, 1)
    assert.deepEqual(
      log.turns.map(({ utterance }) => utterance),
      [null, 0, 1]
    )
  })

  it('keeps the last word on a turn that is told again', () => {
    const log = new CallLog()
    log.take({ type: 'turn.completed', payload: { turn: turn(1) } }, 0)
    log.take({ type: 'turn.completed', payload: { turn: { ...turn(1), heardMs: 50 } } }, 0)
    assert.deepEqual(
      log.turns.map(({ heardMs }) => heardMs),
      [50]
    )
  })
})

describe('messages of /call-events', () => {
  it('are read where the phone has a use for them', () => {
    const payload = { call_id: 'c1', call_control_id: 'c1', reason: 'agent_hung_up', durationMs: 5 }
    const message = { type: 'call.ended', id: 'x', occurred_at: 'x', payload }
    assert.deepEqual(parseCallEvent(JSON.stringify(message)), {
      callId: 'c1',
      event: { type: 'call.ended', payload }
    })
  })

  it('are passed over where not, or where they are not what they should be', () => {
    const unusable = [
      'not json',
      '[]',
      JSON.stringify({ type: 'call.answered', payload: { call_id: 'c1' } }),
      JSON.stringify({ type: 'toString', payload: { call_id: 'c1' } }),
      JSON.stringify({ type: 'call.ended', payload: { call_id: 'c1' } }),
      JSON.stringify({ type: 'turn.completed', payload: { call_id: 'c1', turn: { turnIndex: 1 } } }),
      JSON.stringify({ type: 'call.ended', payload: { reason: 'silence', durationMs: 1 } })
    ]
    for (const text of unusable) assert.equal(parseCallEvent(text), null, text)
  })
})
