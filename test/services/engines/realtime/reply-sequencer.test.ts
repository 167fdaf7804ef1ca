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

  it('repeats what was asked for and cut before it was heard', () => {
    say('one')
    sequencer.responseCreated('r1')
    sequencer.repeat()
    sequencer.responseDone('r1')
    assert.deepEqual(sent, ['one', 'one'])
    sequencer.request(plainResponse())
    sequencer.close()
    sequencer.responseDone('r2')
    assert.equal(sent.length, 2)
    assert.equal(clock.pending, 0)
  })
})
