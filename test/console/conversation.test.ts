import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Conversation, dividedWords } from '../../console/state/conversation.js'

const LATENCY = { responseMs: 800, endpointMs: 500, engineMs: 280, playoutMs: 20 }

function take(conversation: Conversation, type: string, payload: Record<string, unknown>): void {
  conversation.take({ type, id: 'id', occurred_at: '2026-01-01T00:00:00Z', payload })
}

function answered(): Conversation {
  const conversation = new Conversation()
  take(conversation, 'transcript', { turnIndex: 0, speaker: 'agent', text: 'Hello. ', final: false })
  take(conversation, 'transcript', { turnIndex: 0, speaker: 'agent', text: 'Can I help?', final: false })
  take(conversation, 'transcript', {
    turnIndex: 1,
    speaker: 'caller',
    text: 'When do you open?',
    final: true
  })
  take(conversation, 'transcript', {
    turnIndex: 1,
    speaker: 'agent',
    text: 'At nine every day.',
    final: false
  })
  return conversation
}

describe('a conversation on the page', () => {
  it('grows word by word, the turns in order', () => {
    const turns = answered().turns.value
    assert.deepEqual(
      turns.map(({ index, caller, said }) => [index, caller, said]),
      [
        [0, null, 'Hello. Can I help?'],
        [1, 'When do you open?', 'At nine every day.']
      ]
    )
  })

  it('strikes what an interruption kept from the caller, and nothing where the reply went on', () => {
    const conversation = answered()
    take(conversation, 'turn.interrupted', { turnIndex: 1, heardMs: 400, saidMs: 1200 })
    const turn = {
      turnIndex: 1,
      caller: { saidText: 'When do you open?' },
      agent: { saidText: 'At nine every day.', heardText: 'At nine' },
      interrupted: true,
      latency: LATENCY
    }
    take(conversation, 'turn.completed', { turn })
    const [, cut] = conversation.turns.value
    assert.deepEqual(dividedWords(cut), { heard: 'At nine', unheard: 'every day.' })
    assert.deepEqual(cut.latency, LATENCY)

    take(conversation, 'turn.resumed', { turnIndex: 1 })
    assert.deepEqual(dividedWords(conversation.turns.value[1]), { heard: 'At nine every day.', unheard: '' })
  })

  it('takes from the record what came before, and keeps what it heard itself', () => {
    const conversation = answered()
    const row = {
      interrupted: false,
      response_ms: null,
      endpoint_ms: null,
      engine_ms: null,
      playout_ms: null
    }
    conversation.remember([
      { ...row, turn_index: 1, speaker: 'caller', said_text: 'older', heard_text: 'older' },
      { ...row, turn_index: 2, speaker: 'agent', said_text: 'A later one.', heard_text: 'A later one.' }
    ])
    assert.deepEqual(
      conversation.turns.value.map(({ caller, said }) => caller ?? said),
      ['Hello. Can I help?', 'When do you open?', 'A later one.']
    )
  })

  it('tells why the call ended', () => {
    const conversation = answered()
    take(conversation, 'call.ended', { reason: 'silence', durationMs: 12_000 })
    assert.deepEqual(conversation.end.value, { reason: 'silence', detail: null, durationMs: 12_000 })
  })
})
