import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FailoverEngine } from '../../services/engines/failover-engine.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CallError } from '../../sessions/errors.ts'
import { ScriptedEngine } from '../support/scripted-engine.ts'
import { createRig, settle } from '../support/session-rig.ts'
import { turns } from '../support/until.ts'

const LOST = new CallError('ENGINE_UNAVAILABLE', 'lost', { retryable: true, detail: 'closed_1006' })
const APOLOGY = 'Sorry, could you say that again?'

/** A caller who has heard 1.5 s of a reply of 6 s and begins to speak, to an engine that another can stand in for. */
async function interrupted() {
  const first = new ScriptedEngine()
  const next = new ScriptedEngine()
  // The session makes the clock.
  const clock: Clock = {
    now: () => rig.clock.now(),
    after: (ms, task) => rig.clock.after(ms, task)
  }
  const engine = new FailoverEngine({
    first,
    replacements: [{ create: () => next, takeOver: (other) => other.say(APOLOGY) }],
    clock,
    lastWords: async () => new Uint8Array(800)
  })
  const rig = createRig({ engine: engine as unknown as ScriptedEngine })
  rig.session.start()
  rig.session.attachMedia(rig.carrier)
  rig.carrier.start()
  await first.becomeReady()
  await settle()
  first.speak('r1', 6000, 'one two three four five six seven eight nine ten')
  first.emit('replyDone', { replyId: 'r1' })
  rig.clock.advance(1500)
  first.emit('callerSpeechStarted', { utteranceId: 'u1' })
  rig.clock.advance(1200)
  return { ...rig, first, next, sentMs: rig.carrier.sentMs }
}

describe('an engine that is lost after the caller has interrupted the agent', () => {
  it('leaves them the floor in the middle of their sentence', async () => {
    const { carrier, clock, first, of, sentMs } = await interrupted()
    first.emit('failed', LOST)
    await turns()
    clock.advance(2500)
    assert.equal(carrier.sentMs, sentMs)
    assert.deepEqual(of('turn.resumed'), [])
  })

  it('does not have the old reply go on where their words were not told yet', async () => {
    const { carrier, clock, first, next, of, sentMs } = await interrupted()
    first.emit('callerSpeechStopped', { utteranceId: 'u1' })
    first.emit('failed', LOST)
    await next.becomeReady()
    await turns()
    clock.advance(2500)
    assert.equal(carrier.sentMs, sentMs)
    assert.deepEqual(of('turn.resumed'), [])
    assert.deepEqual(next.said, [APOLOGY])
    next.speak('r2', 500, APOLOGY)
    assert.ok(carrier.sentMs > sentMs)
  })
})
