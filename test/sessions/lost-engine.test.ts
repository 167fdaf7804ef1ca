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

/** A call whose engine another can stand in for. */
async function connected() {
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
  return { ...rig, first, next }
}

/** A caller who has heard 1.5 s of a reply of 6 s and begins to speak. */
async function interrupted() {
  const rig = await connected()
  rig.first.speak('r1', 6000, 'one two three four five six seven eight nine ten')
  rig.first.emit('replyDone', { replyId: 'r1' })
  rig.clock.advance(1500)
  rig.first.emit('callerSpeechStarted', { utteranceId: 'u1' })
  rig.clock.advance(1200)
  return { ...rig, sentMs: rig.carrier.sentMs }
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

describe('the wait of a caller whose engine is lost', () => {
  type Rig = Awaited<ReturnType<typeof connected>>

  /** The engine is lost, and four seconds later the next one asks again. Returns the longest wait of the call. */
  async function lose({ clock, first, next, of, session }: Rig): Promise<number> {
    first.emit('failed', LOST)
    await turns()
    clock.advance(3000)
    await next.becomeReady()
    await turns()
    clock.advance(1000)
    next.speak('again', 500, APOLOGY)
    next.emit('replyDone', { replyId: 'again' })
    clock.advance(2000)
    await session.end('operator')
    return of('call.ended')[0].deadAirMs
  }

  function greeted({ clock, first }: Rig): void {
    first.speak('greeting', 500, 'Hello.')
    first.emit('replyDone', { replyId: 'greeting' })
    clock.advance(1500)
  }

  it('counts from the end of what it heard of a reply that broke off', async () => {
    const rig = await connected()
    greeted(rig)
    rig.first.speak('r1', 800, 'We are open from')
    rig.clock.advance(300)
    const waitMs = await lose(rig)
    assert.ok(Math.abs(waitMs - 3500) <= 40, `${waitMs} ms`)
  })

  for (const transcribesAll of [false, true]) {
    it(`counts from the loss where they were speaking, ${transcribesAll ? 'all' : 'not all'} words told`, async () => {
      const rig = await connected()
      rig.first.transcribesAll = transcribesAll
      greeted(rig)
      rig.first.emit('callerSpeechStarted', { utteranceId: 'u1' })
      rig.clock.advance(1000)
      assert.equal(await lose(rig), 4000)
    })
  }

  it('is none where nobody spoke, nor was to', async () => {
    const rig = await connected()
    greeted(rig)
    assert.ok((await lose(rig)) < 500)
  })
})
