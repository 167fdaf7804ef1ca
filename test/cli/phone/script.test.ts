import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallScript, type ScriptNote } from '../../../cli/phone/script.ts'

const FRAME_MS = 20

type Span = readonly [fromMs: number, toMs: number]

interface Conversation {
  turns: number
  bargeInMs?: number
  /** How long each turn of the caller lasts. */
  turnMs?: number
  /** When the agent plays, on the line's clock. */
  agent: readonly Span[]
  /** When what the agent plays is a pause. */
  silent?: readonly Span[]
}

/** Plays a whole call through the script; what was done, as `[atMs, what]`. */
function run({ turns, bargeInMs, turnMs = 1000, agent, silent = [] }: Conversation) {
  const script = new CallScript({ turns, bargeInMs: bargeInMs ?? null })
  const within = (spans: readonly Span[], atMs: number) =>
    spans.some(([from, to]) => atMs >= from && atMs < to)
  const done: [number, string][] = []
  const notes: ScriptNote[] = []
  let busyUntilMs = 0
  for (let atMs = 0; atMs < 90_000; atMs += FRAME_MS) {
    const agentPlaying = within(agent, atMs)
    const step = script.next({
      atMs,
      agentPlaying,
      agentAudible: agentPlaying && !within(silent, atMs),
      callerBusy: atMs < busyUntilMs
    })
    notes.push(...step.notes)
    const { action } = step
    if (action?.type === 'hang_up') return { done: [...done, [atMs, 'hang up']], notes }
    if (action) {
      // Speech begins with the next frame.
      busyUntilMs = atMs + FRAME_MS + turnMs
      done.push([atMs, `turn ${action.turn}${action.bargeIn ? ' barging in' : ''}`])
    }
  }
  return { done, notes }
}

describe('CallScript', () => {
  it('hears the greeting out, takes each turn after the reply to the one before, and hangs up last', () => {
    const { done } = run({
      turns: 2,
      agent: [
        [100, 2000],
        [4000, 6000],
        [9000, 10_000]
      ]
    })
    assert.deepEqual(done, [
      [1980 + 700, 'turn 0'],
      [5980 + 900, 'turn 1'],
      [9980 + 3000, 'hang up']
    ])
  })

  it('does not take a pause within a reply for its end', () => {
    const { done } = run({
      turns: 1,
      agent: [
        [100, 1000],
        [1600, 2000],
        [4000, 5000],
        [5800, 7000]
      ]
    })
    assert.deepEqual(done, [
      [1980 + 700, 'turn 0'],
      [6980 + 3000, 'hang up']
    ])
  })

  it('does not take what is still played of an earlier reply, while the caller speaks, for the next', () => {
    const { done } = run({
      turns: 2,
      bargeInMs: 600,
      agent: [
        [100, 1000],
        [4000, 5100],
        [9000, 10_000]
      ]
    })
    assert.deepEqual(done, [
      [980 + 700, 'turn 0'],
      [4600, 'turn 1 barging in'],
      [9980 + 3000, 'hang up']
    ])
  })

  it('counts the barge-in from when the reply can be heard', () => {
    const { done } = run({
      turns: 2,
      bargeInMs: 600,
      agent: [
        [100, 1000],
        [4000, 5100]
      ],
      silent: [[4000, 4200]]
    })
    assert.deepEqual(done[1], [4800, 'turn 1 barging in'])
  })

  it('interrupts only the reply to the first turn', () => {
    const { done } = run({
      turns: 3,
      bargeInMs: 200,
      agent: [
        [100, 1000],
        [4000, 4400],
        [7000, 9000],
        [12_000, 13_000]
      ]
    })
    assert.deepEqual(
      done.map(([, what]) => what),
      ['turn 0', 'turn 1 barging in', 'turn 2', 'hang up']
    )
    assert.equal(done[2][0], 8980 + 900)
  })

  it('takes its next turn as usual where the reply was shorter than the barge-in', () => {
    const { done } = run({
      turns: 2,
      bargeInMs: 5000,
      agent: [
        [100, 1000],
        [4000, 4400],
        [7000, 8000]
      ]
    })
    assert.deepEqual(done[1], [4380 + 900, 'turn 1'])
  })

  it('speaks first where nobody greets, and goes on where nobody replies', () => {
    const { done, notes } = run({ turns: 2, agent: [] })
    const stillSpeakingMs = FRAME_MS + 1000
    assert.deepEqual(done, [
      [10_000, 'turn 0'],
      [10_000 + stillSpeakingMs + 12_000, 'turn 1'],
      [10_000 + 2 * (stillSpeakingMs + 12_000), 'hang up']
    ])
    assert.deepEqual(
      notes.map(({ type }) => type),
      ['no_greeting', 'no_reply', 'no_reply']
    )
  })

  it('tells when the agent starts and pauses', () => {
    const { notes } = run({
      turns: 1,
      agent: [
        [100, 1000],
        [1300, 2000],
        [5000, 6000]
      ]
    })
    assert.deepEqual(
      notes.map(({ type }) => type),
      ['agent_started', 'agent_paused', 'agent_started', 'agent_paused']
    )
  })
})
