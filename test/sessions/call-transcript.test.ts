import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CallTranscript, heardWords } from '../../sessions/call-transcript.ts'

/** A transcript whose greeting has been heard. */
function afterGreeting(): CallTranscript {
  const transcript = new CallTranscript()
  transcript.replyAudio('greeting', 500, 0)
  transcript.replyText('greeting', 'Hello.')
  transcript.replyHeard('greeting', 10)
  transcript.replyHeardWhole('greeting', 510, false)
  return transcript
}

describe('CallTranscript', () => {
  it('takes the greeting for turn 0, which has no caller and no response time', () => {
    const transcript = new CallTranscript()
    transcript.replyAudio('greeting', 500, 0)
    transcript.replyText('greeting', 'Hello, ')
    transcript.replyText('greeting', 'how can I help?')
    transcript.replyHeard('greeting', 100)
    const completed = transcript.replyHeardWhole('greeting', 600, false)
    assert.equal(completed?.revised, false)
    assert.deepEqual(completed?.turn, {
      turnIndex: 0,
      caller: null,
      agent: {
        saidText: 'Hello, how can I help?',
        heardText: 'Hello, how can I help?',
        startedAt: 100,
        endedAt: 600
      },
      interrupted: false,
      heardMs: 500,
      saidMs: 500,
      latency: { responseMs: null, endpointMs: null, engineMs: null, playoutMs: 100 }
    })
  })

  it('opens a turn when the caller speaks after a reply, and keeps what they say before the next in one', () => {
    const transcript = afterGreeting()
    assert.equal(transcript.callerStarted('u1', 1000), null)
    transcript.callerStopped('u1', 1400, 1500)
    transcript.callerText('u1', 'a table')
    transcript.callerStarted('u2', 1600)
    transcript.callerStopped('u2', 2000, 2100)
    transcript.callerText('u2', 'for four')
    transcript.replyAudio('r', 300, 2300)
    transcript.replyHeard('r', 2400)
    const { turn } = transcript.replyHeardWhole('r', 2700, false) ?? {}
    assert.equal(turn?.turnIndex, 1)
    assert.deepEqual(turn?.caller, {
      saidText: 'a table for four',
      heardText: 'a table for four',
      startedAt: 1000,
      endedAt: 2000
    })
    assert.deepEqual(turn?.latency, { responseMs: 400, endpointMs: 100, engineMs: 200, playoutMs: 100 })
  })

  it('completes a turn of several replies when the last of them was heard', () => {
    const transcript = afterGreeting()
    transcript.callerStarted('u', 1000)
    transcript.replyAudio('r1', 200, 1500)
    transcript.replyText('r1', 'One moment.')
    assert.equal(transcript.replyHeardWhole('r1', 1800, true), null)
    transcript.replyAudio('r2', 200, 2000)
    transcript.replyAudio('r3', 200, 2000)
    transcript.replyText('r3', 'Here it is.')
    assert.equal(transcript.replyHeardWhole('r2', 2300, false), null)
    assert.equal(
      transcript.replyHeardWhole('r3', 2500, false)?.turn.agent?.saidText,
      'One moment. Here it is.'
    )
  })

  it('cuts the words where the caller cut in', () => {
    const transcript = afterGreeting()
    transcript.callerStarted('u1', 1000)
    transcript.replyAudio('r', 4000, 1500)
    transcript.replyText('r', 'one two three four')
    const cut = transcript.interrupted([{ replyId: 'r', heardMs: 2000, receivedMs: 4000 }], 3600)
    assert.equal(cut?.turn.interrupted, true)
    assert.deepEqual([cut?.turn.heardMs, cut?.turn.saidMs], [2000, 4000])
    assert.equal(cut?.turn.agent?.heardText, 'one two')
    assert.equal(transcript.callerStarted('u2', 3600), null)
    assert.equal(transcript.turnIndex, 2)
  })

  it('has nothing to tell of an interruption of what it does not know', () => {
    assert.equal(afterGreeting().interrupted([{ replyId: 'x', heardMs: 0, receivedMs: 0 }], 1), null)
    assert.equal(afterGreeting().interrupted([], 1), null)
  })

  it('revises a turn that was told when its words come late, and no other', () => {
    const transcript = afterGreeting()
    transcript.callerStarted('u1', 1000)
    transcript.callerStopped('u1', 1400, 1500)
    transcript.replyAudio('r1', 100, 1600)
    assert.equal(transcript.replyHeardWhole('r1', 1800, false)?.turn.caller?.saidText, '')
    transcript.callerStarted('u2', 2000)
    const late = transcript.callerText('u1', 'good morning')
    assert.deepEqual([late?.turnIndex, late?.revised?.revised], [1, true])
    assert.equal(late?.revised?.turn.caller?.saidText, 'good morning')
    assert.deepEqual(transcript.callerText('u2', 'hello'), { turnIndex: 2, revised: null })
    assert.equal(transcript.callerText('u9', 'nobody'), null)
  })

  it('tells the last turn at the end, with what was heard of a reply that is still playing', () => {
    const transcript = afterGreeting()
    transcript.callerStarted('u', 1000)
    transcript.callerText('u', 'bye')
    transcript.replyAudio('r', 1000, 1500)
    transcript.replyText('r', 'good bye then')
    const [last] = transcript.end(() => 400, 2000)
    assert.deepEqual([last?.turn.heardMs, last?.turn.saidMs], [400, 1000])
    assert.equal(last?.turn.agent?.heardText, 'good')
    assert.deepEqual(
      transcript.end(() => 400, 2000),
      []
    )
  })

  it('tells a last turn in which only the caller spoke, and none in which nobody did', () => {
    const spoke = afterGreeting()
    spoke.callerStarted('u', 1000)
    spoke.callerText('u', 'hello?')
    const [{ turn }] = spoke.end(() => 0, 1500)
    assert.deepEqual([turn.caller?.saidText, turn.agent], ['hello?', null])
    const silent = afterGreeting()
    silent.callerStarted('u', 1000)
    assert.deepEqual(
      silent.end(() => 0, 1500),
      []
    )
    assert.deepEqual(
      new CallTranscript().end(() => 0, 1),
      []
    )
  })

  it('tells the last turn again where the agent spoke on after it was told, up to what was heard', () => {
    const transcript = new CallTranscript()
    transcript.replyAudio('greeting', 500, 0)
    transcript.replyText('greeting', 'Hello.')
    transcript.replyHeardWhole('greeting', 500, false)
    transcript.replyAudio('more', 1000, 600)
    transcript.replyText('more', 'Still there?')
    const [{ turn, revised }] = transcript.end(() => 400, 1000)
    assert.deepEqual([revised, turn.agent?.saidText], [true, 'Hello. Still there?'])
    assert.equal(turn.agent?.heardText, 'Hello.')
    const over = new CallTranscript()
    over.replyAudio('greeting', 500, 0)
    over.replyHeardWhole('greeting', 500, false)
    assert.deepEqual(
      over.end(() => 500, 600),
      []
    )
  })
})

describe('heardWords', () => {
  it('keeps whole words, in proportion of what was heard', () => {
    assert.equal(heardWords('one two three', 0, 100), '')
    assert.equal(heardWords('one two three', 24, 100), 'one')
    assert.equal(heardWords('one two three', 60, 100), 'one two')
    assert.equal(heardWords('one two three', 99, 100), 'one two')
    assert.equal(heardWords('one two three', 100, 100), 'one two three')
    assert.equal(heardWords('one', 50, 0), '')
  })

  it('is always a beginning of the text that ends with a word, and grows with what was heard', () => {
    const text = fc
      .array(fc.stringMatching(/^[a-zäé!?.]{1,9}$/), { maxLength: 12 })
      .map((words) => words.join(' '))
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(text, share, share, (said, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((part) =>
          heardWords(said, part * 1000, 1000)
        )
        assert.ok(said.startsWith(more) && more.startsWith(less))
        assert.ok(more === said || more === '' || said[more.length] === ' ')
      })
    )
  })
})
