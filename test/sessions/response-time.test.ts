import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { speaking } from '../support/mid-reply.ts'
import { createRig } from '../support/session-rig.ts'

const policy = { minSpeechMs: 0, minWords: 0, acknowledgements: ['okay', 'uh huh'], resume: true }

describe('speech that turns out to be nothing, as to response times', () => {
  it('is no question: what the agent says next has no response time', async () => {
    for (const { text, minWords } of [
      { text: '', minWords: 0 },
      { text: 'Okay.', minWords: 0 },
      { text: 'Okay.', minWords: 2 }
    ]) {
      const { engine, clock, session, of } = await speaking(2000, {
        profile: { interruption: { ...policy, minWords } }
      })
      engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      clock.advance(300)
      engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
      engine.emit('callerTranscript', { utteranceId: 'u1', text })
      clock.advance(15_000)
      engine.speak('reminder', 1000, 'Are you still there?')
      engine.emit('replyDone', { replyId: 'reminder' })
      clock.advance(2000)
      await session.end('operator')
      const turns = of('turn.completed').map(({ turn }) => turn)
      assert.equal(turns.at(-1)?.agent?.saidText, 'Are you still there?')
      assert.deepEqual(
        turns.map(({ latency }) => latency.responseMs).filter((ms) => ms !== null),
        []
      )
      assert.equal(of('call.ended')[0].p50ResponseMs, null)
    }
  })

  it('does not take the response time from a reply that was not heard before it', async () => {
    const { engine, clock, connect, session, of } = createRig({ delayMs: 60 })
    await connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'When do you open?' })
    clock.advance(500)
    engine.speak('r1', 2000, 'At nine.')
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(80)
    engine.emit('callerSpeechStarted', { utteranceId: 'cough' })
    engine.emit('callerSpeechStopped', { utteranceId: 'cough' })
    engine.emit('callerTranscript', { utteranceId: 'cough', text: '' })
    clock.advance(5000)
    await session.end('operator')
    const told = of('turn.completed').filter(({ turn }) => turn.turnIndex === 1)
    const { responseMs } = told.at(-1)?.turn.latency ?? assert.fail()
    assert.ok(responseMs !== null && responseMs >= 500)
    assert.equal(of('call.ended')[0].p50ResponseMs, responseMs)
    assert.equal(told.filter(({ measuredLate }) => measuredLate).length, 1)
  })

  it('leaves the question behind it its response time', async () => {
    const { engine, clock, of } = await speaking(2000, {
      profile: { interruption: { ...policy, minWords: 2 } }
    })
    for (const [utteranceId, text] of [
      ['u1', 'Okay.'],
      ['u2', 'And when do you close?']
    ]) {
      engine.emit('callerSpeechStarted', { utteranceId })
      engine.emit('callerSpeechStopped', { utteranceId })
      engine.emit('callerTranscript', { utteranceId, text })
    }
    clock.advance(400)
    engine.speak('r2', 1000, 'At five.')
    engine.emit('replyDone', { replyId: 'r2' })
    clock.advance(2000)
    assert.equal(of('turn.completed').at(-1)?.turn.latency.responseMs, 400)
  })
})
