import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REPLY_MS, speaking, TEXT } from '../support/mid-reply.ts'
import { createRig } from '../support/session-rig.ts'

const policy = { minSpeechMs: 0, minWords: 0, acknowledgements: ['okay', 'uh huh'], resume: true }

describe('speech that turns out to be nothing', () => {
  it('stops the agent at once, and 1.5 s after it lets it go on from the first word not heard', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    assert.equal(carrier.clears.length, 1)
    const heardMs = engine.interrupts[0][0].heardMs
    clock.advance(300)
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    const sentMs = carrier.sentMs
    clock.advance(1499)
    assert.equal(carrier.sentMs, sentMs)
    clock.advance(1)
    const resumedMs = carrier.sentMs - sentMs
    assert.ok(resumedMs >= REPLY_MS - heardMs, `${resumedMs} ms of the ${REPLY_MS - heardMs} not heard`)
    assert.ok(resumedMs <= REPLY_MS - heardMs + 600, 'goes back by a word at most')
    assert.deepEqual(engine.dismissed, ['cough'])
    assert.equal(of('turn.resumed').length, 1)
  })

  it('waits longer for the words of an engine that always tells them', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.transcribesAll = true
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    const sentMs = carrier.sentMs
    clock.advance(4000)
    assert.equal(carrier.sentMs, sentMs)
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'goodbye' })
    clock.advance(4000)
    assert.equal(of('turn.resumed').length, 0)
  })

  it('leaves one turn, heard whole and not interrupted, and no interruption counted', async () => {
    const { engine, clock, session, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    clock.advance(5000)
    const { turn, revised } = of('turn.completed').at(-1) ?? assert.fail()
    assert.equal(revised, true)
    assert.equal(turn.turnIndex, 0)
    assert.equal(turn.interrupted, false)
    assert.equal(turn.agent?.heardText, TEXT)
    await session.end('operator')
    assert.equal(of('call.ended')[0].interruptions, 0)
  })

  it('tells the engine which words were heard after all', async () => {
    const { engine, clock } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    clock.advance(1500)
    clock.advance(5000)
    assert.equal(engine.remembered.length, 1)
    assert.ok(TEXT.endsWith(engine.remembered[0]), engine.remembered[0])
    assert.ok(engine.remembered[0].startsWith('four') || engine.remembered[0].startsWith('five'))
  })

  it('is answered after all where its words come once the agent has gone on', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    clock.advance(1500)
    assert.equal(of('turn.resumed').length, 1)
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'What about Sundays?' })
    assert.equal(carrier.clears.length, 2)
    assert.deepEqual(engine.answered, [{ utteranceId: 'u1', text: 'What about Sundays?' }])
  })

  it('stays nothing where words that come late mean "go on", or are none', async () => {
    for (const text of ['Okay.', '']) {
      const { engine, carrier, clock } = await speaking(1500)
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      clock.advance(1500)
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      assert.equal(carrier.clears.length, 1)
      assert.deepEqual(engine.answered, [])
    }
  })

  it('does not take the answer to the words before it with it', async () => {
    const { engine } = await speaking(1500)
    for (const utteranceId of ['words', 'cough']) {
      engine.emit('callerSpeechStarted', { utteranceId })
      engine.emit('callerSpeechStopped', { utteranceId })
    }
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    assert.deepEqual(engine.answered, [])
    engine.emit('callerTranscript', { utteranceId: 'words', text: 'What about Sundays?' })
    assert.deepEqual(engine.answered, [{ utteranceId: 'words', text: 'What about Sundays?' }])
  })

  it('gives up an answer that waits for the words, where the caller goes on', async () => {
    const { engine, carrier } = await speaking(1500, {
      profile: { interruption: { ...policy, minWords: 2 } }
    })
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.speak('r2', 500, 'an answer')
    engine.emit('callerSpeechStarted', { utteranceId: 'u2' })
    assert.deepEqual(engine.interrupts, [[{ replyId: 'r2', heardMs: 0, receivedMs: 0 }]])
    assert.equal(carrier.clears.length, 0, 'the reply before it goes on')
  })

  it('lets the agent say the rest where all that was made so far had been heard', async () => {
    const { engine, carrier, clock, of, connect } = createRig()
    await connect()
    engine.speak('r1', 500, 'one two three')
    clock.advance(700)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    engine.emit('replyDone', { replyId: 'r1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    const { sentMs } = carrier
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    assert.deepEqual(engine.remembered, [''])
    assert.equal(carrier.sentMs, sentMs)
    assert.equal(of('turn.completed').at(-1)?.turn.interrupted, false)
  })

  it('can be followed by a real interruption of the same reply', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    clock.advance(1000)
    engine.emit('callerSpeechStarted', { utteranceId: 'u2' })
    assert.equal(carrier.clears.length, 2)
    // The engine has truncated the reply already: what was heard since then is told in words.
    assert.deepEqual(engine.interrupts[1], [])
    assert.equal(engine.remembered.length, 1)
    engine.emit('callerSpeechStopped', { utteranceId: 'u2' })
    engine.emit('callerTranscript', { utteranceId: 'u2', text: 'stop it please' })
    const { turn } = of('turn.completed').at(-1) ?? assert.fail()
    assert.equal(turn.interrupted, true)
    assert.ok((turn.agent?.heardText.length ?? 0) > 'one two three'.length)
    clock.advance(5000)
    assert.equal(of('turn.resumed').length, 1)
  })

  it('drops the answer that the engine had begun to it', async () => {
    const { engine, carrier, clock } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    clock.advance(200)
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    const sentMs = carrier.sentMs
    engine.speak('answer', 1000, 'Sorry?')
    assert.equal(carrier.sentMs, sentMs)
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    engine.speak('answer', 1000, 'Sorry?')
    const resumedMs = carrier.sentMs - sentMs
    assert.ok(resumedMs < 3200, `${resumedMs} ms: the reply alone`)
    assert.deepEqual(engine.unheard, ['answer'])
  })

  it('is nothing all the same where it comes twice in a row, and was answered once', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    clock.advance(200)
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    engine.speak('answer', 1000, 'Sorry?')
    engine.emit('replyDone', { replyId: 'answer' })
    clock.advance(100)
    engine.emit('callerSpeechStarted', { utteranceId: 'sneeze' })
    assert.equal(carrier.clears.length, 1, 'nothing was heard that could be cleared')
    assert.deepEqual(engine.interrupts[1], [{ replyId: 'answer', heardMs: 0, receivedMs: 0 }])
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    engine.emit('callerSpeechStopped', { utteranceId: 'sneeze' })
    const sentMs = carrier.sentMs
    assert.equal(of('turn.resumed').length, 0, 'what the second was is not known yet')
    engine.emit('callerTranscript', { utteranceId: 'sneeze', text: '' })
    assert.deepEqual(engine.dismissed, ['cough', 'sneeze'])
    assert.equal(of('turn.resumed').length, 1)
    assert.ok(carrier.sentMs - sentMs >= REPLY_MS - 1500, 'the reply goes on, and not the answer')
  })
})

describe('an acknowledgement', () => {
  it('does not take the floor', async () => {
    for (const text of ['Okay.', 'Uh-huh', 'uh huh!']) {
      const { engine, carrier, clock, of } = await speaking(1500, { profile: { interruption: policy } })
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      clock.advance(300)
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      assert.equal(of('turn.resumed').length, 1, text)
      clock.advance(5000)
      assert.ok(carrier.playedMs >= REPLY_MS, `${carrier.playedMs} ms played`)
    }
  })

  it('is a real word where it comes with others', async () => {
    const { engine, clock, of } = await speaking(1500, { profile: { interruption: policy } })
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'Okay, but when?' })
    clock.advance(5000)
    assert.equal(of('turn.resumed').length, 0)
  })
})

describe('a real interruption', () => {
  it('stays one where a breath follows it before its words are there', async () => {
    const { engine, carrier, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(500)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    clock.advance(100)
    engine.emit('callerSpeechStarted', { utteranceId: 'breath' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'Stop, please.' })
    engine.emit('callerSpeechStopped', { utteranceId: 'breath' })
    const sentMs = carrier.sentMs
    engine.emit('callerTranscript', { utteranceId: 'breath', text: '' })
    clock.advance(5000)
    assert.equal(of('turn.resumed').length, 0)
    assert.equal(carrier.sentMs, sentMs)
  })

  it('is answered at once where the speech was long', async () => {
    const { engine, carrier, clock } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(1200)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    const sentMs = carrier.sentMs
    engine.speak('answer', 500)
    assert.equal(carrier.sentMs, sentMs + 500)
  })

  it('is answered with its words, or after 700 ms without them, where the speech was short', async () => {
    for (const words of [true, false]) {
      const { engine, carrier, clock } = await speaking(1500)
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      clock.advance(400)
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      const sentMs = carrier.sentMs
      engine.speak('answer', 500)
      assert.equal(carrier.sentMs, sentMs)
      if (words) engine.emit('callerTranscript', { utteranceId: 'u1', text: 'No, wait.' })
      else clock.advance(700)
      assert.equal(carrier.sentMs, sentMs + 500)
    }
  })

  it('is not resumed when the answer has been heard', async () => {
    const { engine, clock, of } = await speaking(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(400)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.speak('answer', 500)
    clock.advance(700)
    engine.emit('callerTranscript', { utteranceId: 'u1', text: '' })
    clock.advance(5000)
    assert.equal(of('turn.resumed').length, 0)
  })
})

describe('a minimum of speech or words', () => {
  it('lets shorter speech pass over the agent without a gap', async () => {
    const { engine, carrier, clock } = await speaking(1000, {
      profile: { interruption: { ...policy, minSpeechMs: 400 } }
    })
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(300)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: '' })
    clock.advance(5000)
    assert.equal(carrier.clears.length, 0)
    assert.equal(carrier.playedMs, REPLY_MS)
    assert.deepEqual(engine.dismissed, ['u1'])
  })

  it('stops the agent when the speech is long enough', async () => {
    const { engine, carrier, clock } = await speaking(1000, {
      profile: { interruption: { ...policy, minSpeechMs: 400 } }
    })
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(399)
    assert.equal(carrier.clears.length, 0)
    clock.advance(1)
    assert.equal(carrier.clears.length, 1)
  })

  it('stops the agent when there are words enough', async () => {
    for (const [text, clears] of [
      ['hold on a second', 1],
      ['hold on', 0]
    ] as const) {
      const { engine, carrier } = await speaking(1000, {
        profile: { interruption: { ...policy, minWords: 3 } }
      })
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      assert.equal(carrier.clears.length, clears, text)
    }
  })

  const words = { profile: { interruption: { ...policy, minWords: 3 } } }

  it('has a reply that is still being made go on until the words are there', async () => {
    for (const [text, playedMs] of [
      ['okay', 6000],
      ['hold on a second', 1700]
    ] as const) {
      const { engine, carrier, clock, connect } = createRig(words)
      await connect()
      engine.speak('r1', REPLY_MS, TEXT)
      clock.advance(1000)
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      clock.advance(400)
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      engine.speak('r1', 1000)
      assert.equal(carrier.sentMs, REPLY_MS + 1000)
      clock.advance(300)
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      engine.speak('r1', 1000)
      engine.emit('replyDone', { replyId: 'r1' })
      clock.advance(6000)
      assert.equal(carrier.playedMs, playedMs, text)
    }
  })

  it('does not silence the agent where no words ever come', async () => {
    for (const interruption of [words.profile.interruption, { ...policy, minSpeechMs: 400 }]) {
      const { engine, carrier, clock } = await speaking(1000, { profile: { interruption } })
      engine.emit('callerSpeechStarted', { utteranceId: 'noise' })
      clock.advance(300)
      engine.emit('callerSpeechStopped', { utteranceId: 'noise' })
      clock.advance(1500)
      assert.deepEqual(engine.dismissed, ['noise'])
      engine.speak('r2', 1000)
      assert.equal(carrier.sentMs, REPLY_MS + 1000)
    }
  })

  it('plays all of an answer that had begun before the words were there', async () => {
    const { engine, carrier, clock } = await speaking(1000, words)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(400)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.speak('answer', 1000)
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'hold on a second' })
    assert.deepEqual(engine.interruptedBy, ['u1'], 'the engine does not stop the answer')
    engine.speak('answer', 500)
    assert.equal(carrier.sentMs, REPLY_MS + 1500)
  })

  it('is none for a caller whose answer only began before the agent had finished', async () => {
    for (const [text, answered] of [
      ['Yes.', true],
      ['Okay.', false]
    ] as const) {
      const { engine, carrier, clock } = await speaking(REPLY_MS - 300, words)
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      clock.advance(600)
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      engine.speak('answer', 1000)
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      assert.equal(carrier.sentMs, answered ? REPLY_MS + 1000 : REPLY_MS, text)
      assert.deepEqual(engine.dismissed, answered ? [] : ['u1'])
      assert.equal(carrier.clears.length, 0)
    }
  })

  it('counts the words of each utterance before the decision', async () => {
    const { engine, carrier, clock } = await speaking(500, words)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(400)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerSpeechStarted', { utteranceId: 'u2' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'hold on a second' })
    assert.equal(carrier.clears.length, 1)
  })

  it('takes an acknowledgement for no wait', async () => {
    const { engine, clock, session, of } = await speaking(200, words)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'Okay.' })
    clock.advance(REPLY_MS)
    await session.end('operator')
    assert.ok(of('call.ended')[0].deadAirMs < 500, 'the agent was speaking')
  })
})
