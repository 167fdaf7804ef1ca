import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { plainResponse, verbatimResponse } from '../../../../services/engines/realtime/realtime-messages.ts'
import { ReplySequencer } from '../../../../services/engines/realtime/reply-sequencer.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const ACTIVE = 'conversation_already_has_active_response'

describe('the reply sequencer', () => {
  let clock: ManualClock
  let sent: (string | null)[]
  let sequencer: ReplySequencer

  const say = (text: string) => sequencer.request(verbatimResponse(text))

  beforeEach(() => {
    clock = new ManualClock()
    sent = []
    sequencer = new ReplySequencer({
      clock,
      send: (event) => {
        sent.push(event.response?.instructions?.match(/"(.*)"/)?.[1] ?? null)
        return `e${sent.length}`
      }
    })
  })

  it('sends the next request when the active response is done, not before', () => {
    say('one')
    say('two')
    sequencer.responseCreated('r1')
    assert.deepEqual(sent, ['one'])
    sequencer.responseDone('r0')
    assert.deepEqual(sent, ['one'], 'another response is not ours')
    sequencer.responseDone('r1')
    assert.deepEqual(sent, ['one', 'two'])
  })

  it('waits for the end of a response that the service began by itself', () => {
    sequencer.responseCreated('own')
    say('one')
    assert.deepEqual(sent, [])
    sequencer.responseDone('own')
    assert.deepEqual(sent, ['one'])
  })

  it('makes a request again, before those behind it, when it lost the race against the service', () => {
    say('one')
    say('two')
    sequencer.responseCreated('own')
    assert.equal(sequencer.refused('e1', ACTIVE), true)
    assert.deepEqual(sent, ['one'])
    sequencer.responseDone('own')
    assert.deepEqual(sent, ['one', 'one'])
    sequencer.responseCreated('r1')
    sequencer.responseDone('r1')
    assert.deepEqual(sent, ['one', 'one', 'two'])
  })

  it('makes a request again after a while where no active response is known', () => {
    say('one')
    sequencer.refused('e1', ACTIVE)
    assert.deepEqual(sent, ['one'])
    clock.advance(1000)
    assert.deepEqual(sent, ['one', 'one'])
  })

  it('gives up a request that is refused for another reason, and goes on with the next', () => {
    say('one')
    say('two')
    assert.equal(sequencer.refused('e1', 'invalid_value'), false)
    assert.deepEqual(sent, ['one', 'two'])
    assert.equal(sequencer.refused('e7', ACTIVE), false)
  })

  it('asks once for several things to reply to', () => {
    say('one')
    sequencer.continue()
    sequencer.continue()
    sequencer.responseCreated('r1')
    sequencer.responseDone('r1')
    assert.deepEqual(sent, ['one', null])
    sequencer.responseCreated('r2')
    sequencer.responseDone('r2')
    assert.deepEqual(sent, ['one', null])
  })

  it('leaves the answer to a tool result to the service while the caller speaks', () => {
    sequencer.callerStarted()
    sequencer.itemSent('i')
    sequencer.itemSettled('i')
    sequencer.continue()
    sequencer.callerStopped()
    sequencer.responseCreated('own')
    sequencer.responseDone('own')
    clock.advance(10_000)
    assert.deepEqual(sent, [])
  })

  it('asks for it all the same where the service began its reply before it had the result', () => {
    sequencer.callerStarted()
    sequencer.itemSent('i')
    sequencer.continue()
    sequencer.callerStopped()
    sequencer.responseCreated('own')
    sequencer.itemSettled('i')
    sequencer.responseDone('own')
    assert.deepEqual(sent, [null])
  })

  it('asks for it all the same where the service does not answer the caller', () => {
    sequencer.callerStarted()
    sequencer.continue()
    clock.advance(60_000)
    assert.deepEqual(sent, [])
    sequencer.callerStopped()
    clock.advance(1999)
    assert.deepEqual(sent, [])
    clock.advance(1)
    assert.deepEqual(sent, [null])
  })

  /** The caller begins to speak before anything of this response is heard. */
  function cutUnheard(id: string): boolean {
    sequencer.responseCreated(id)
    sequencer.callerStarted()
    const again = sequencer.cutUnheard()
    sequencer.responseDone(id)
    return again
  }

  it('asks again for what was cut before it was heard, once the caller has finished', () => {
    say('one')
    assert.equal(cutUnheard('r1'), true)
    sequencer.callerStopped()
    assert.deepEqual(sent, ['one'], 'the service may answer them by itself')
    assert.equal(sequencer.repeats, 'said_first')
    sequencer.responseCreated('own')
    sequencer.responseDone('own')
    assert.deepEqual(sent, ['one', 'one'])
    assert.equal(sequencer.repeats, null)
    sequencer.request(plainResponse())
    sequencer.close()
    sequencer.responseDone('r2')
    assert.equal(sent.length, 2)
    assert.equal(clock.pending, 0)
  })

  it('asks for it again where the service does not answer the caller', () => {
    say('one')
    cutUnheard('r1')
    sequencer.callerStopped()
    clock.advance(2000)
    assert.deepEqual(sent, ['one', 'one'])
  })

  it('does not wait for ever for a caller who never stops, a noisy line, say', () => {
    say('one')
    cutUnheard('r1')
    clock.advance(4999)
    assert.deepEqual(sent, ['one'])
    clock.advance(1)
    assert.deepEqual(sent, ['one', 'one'])
  })

  it('does not ask again for what the answer to the caller takes the place of', () => {
    sequencer.request(verbatimResponse('one'), 'given_up')
    assert.equal(cutUnheard('r1'), false)
    sequencer.responseCreated('r2')
    sequencer.request(verbatimResponse('two'), 'given_up')
    sequencer.callerStarted()
    sequencer.responseDone('r2')
    sequencer.callerStopped()
    clock.advance(10_000)
    assert.deepEqual(sent, ['one'])
  })

  it('holds back what waits when the caller begins to speak, and tells that it goes before the answer', () => {
    sequencer.responseCreated('r1')
    say('one')
    sequencer.callerStarted()
    assert.equal(sequencer.repeats, 'said_first')
    sequencer.responseDone('r1')
    assert.deepEqual(sent, [])
    sequencer.callerStopped()
    sequencer.responseCreated('own')
    sequencer.responseDone('own')
    assert.deepEqual(sent, ['one'])
  })

  it('holds back what is asked for while the caller speaks, and goes before the answer with it', () => {
    sequencer.callerStarted()
    say('one')
    say('two')
    assert.deepEqual(sent, [])
    assert.equal(sequencer.repeats, 'said_first')
    sequencer.callerStopped()
    sequencer.responseCreated('own')
    sequencer.responseDone('own')
    assert.deepEqual(sent, ['one'])
    sequencer.responseCreated('r1')
    sequencer.responseDone('r1')
    assert.deepEqual(sent, ['one', 'two'])
  })

  it('holds it back for 5 s at the most, whatever else is asked for meanwhile', () => {
    sequencer.callerStarted()
    say('one')
    clock.advance(4999)
    say('two')
    assert.deepEqual(sent, [])
    clock.advance(1)
    assert.deepEqual(sent, ['one'])
  })

  it('says into the caller’s words what cannot wait', () => {
    sequencer.callerStarted()
    sequencer.request(verbatimResponse('one'), 'said_first', { atOnce: true })
    assert.deepEqual(sent, ['one'])
    assert.equal(sequencer.responseCreated('r1').overtaken, false)
  })

  it('tells where the caller began to speak between a request and its response', () => {
    say('one')
    sequencer.callerStarted()
    assert.deepEqual(sequencer.responseCreated('r1'), {
      ownReply: false,
      continuation: false,
      overtaken: true
    })
    sequencer.responseDone('r1')
    sequencer.callerStopped()
    say('two')
    sequencer.callerStarted()
    sequencer.callerStopped()
    assert.deepEqual(sequencer.responseCreated('r2'), {
      ownReply: false,
      continuation: false,
      overtaken: false
    })
  })

  it('does not ask for the rest of a reply while the caller speaks', () => {
    sequencer.callerStarted()
    sequencer.request(verbatimResponse('the rest'), 'given_up')
    sequencer.callerStopped()
    clock.advance(10_000)
    assert.deepEqual(sent, [])
  })

  /** The service gives this response up before anything of it is heard. */
  function fail(id: string): boolean {
    sequencer.responseCreated(id)
    return sequencer.responseDone(id, { failed: true })
  }

  it('asks again, a second later, for what the service gave up', () => {
    say('one')
    fail('r1')
    clock.advance(999)
    assert.deepEqual(sent, ['one'])
    clock.advance(1)
    assert.deepEqual(sent, ['one', 'one'])
  })

  it('asks for an answer that the service had begun by itself and gave up', () => {
    fail('own')
    clock.advance(1000)
    assert.deepEqual(sent, [null])
  })

  it('gives up what has failed three times in a row, and begins to count anew after a success', () => {
    say('one')
    const goesOn = ['r1', 'r2', 'r3'].map((id) => {
      const again = fail(id)
      clock.advance(10_000)
      return again
    })
    assert.deepEqual(goesOn, [true, true, false])
    assert.deepEqual(sent, ['one', 'one', 'one'])
    say('two')
    sequencer.responseCreated('r4')
    assert.equal(sequencer.responseDone('r4'), true)
    say('three')
    assert.equal(fail('r5'), true)
    clock.advance(1000)
    assert.deepEqual(sent.slice(3), ['two', 'three', 'three'])
  })

  it('leaves it to the service to answer a caller who speaks on meanwhile', () => {
    fail('own')
    sequencer.callerStarted()
    clock.advance(4000)
    sequencer.callerStopped()
    sequencer.responseCreated('answer')
    sequencer.responseDone('answer')
    clock.advance(10_000)
    assert.deepEqual(sent, [])
  })
})
