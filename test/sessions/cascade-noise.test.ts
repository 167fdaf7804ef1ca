import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { CascadeEngine } from '../../services/engines/cascade/cascade-engine.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CallError } from '../../sessions/errors.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import type { ScriptedEngine } from '../support/scripted-engine.ts'
import { createRig, settle, testProfile } from '../support/session-rig.ts'
import { DEAF, VirtualCascade } from '../support/virtual-cascade.ts'

const GREETING =
  'Good day, this is Offhook, and I would like to tell you a great many things about our shop today.'

/** A call in the middle of its greeting, as the listening service says that somebody began to speak. */
async function startled() {
  // The session makes the clock.
  const clock: Clock = { now: () => rig.clock.now(), after: (ms, task) => rig.clock.after(ms, task) }
  let cascade: VirtualCascade | null = null
  const profile = { ...testProfile, greeting: GREETING }
  const engineOf = () => {
    cascade = new VirtualCascade({
      clock: clock as ManualClock,
      reply: () => ({ firstMs: 100, words: 10 }),
      voiceMs: 50,
      speed: 4,
      deltaMs: 100
    })
    return new CascadeEngine({
      profile,
      tools: [],
      format: PCMU_8K,
      clock,
      speechToText: [cascade.speechToText, { ...cascade.speechToText, streams: false }],
      models: [cascade.model],
      textToSpeech: [cascade.textToSpeech],
      classifiers: Promise.resolve({ create: () => DEAF })
    })
  }
  const rig = createRig({ engine: engineOf() as unknown as ScriptedEngine, profile: { greeting: GREETING } })
  rig.session.start()
  rig.session.attachMedia(rig.carrier)
  rig.carrier.start()
  const run = async (ms: number) => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 20) {
      await settle()
      rig.clock.advance(20)
    }
    await settle()
  }
  await run(2000)
  const listener = () => {
    assert.ok(cascade?.listener)
    return cascade.listener
  }
  listener().started()
  assert.equal(rig.carrier.clears.length, 1)
  return { ...rig, listener, run, sentMs: rig.carrier.sentMs }
}

describe('noise that a listening service tells the beginning of, and never the end', () => {
  it('has the greeting go on', async () => {
    const { carrier, listener, run, sentMs } = await startled()
    await run(2500)
    listener().answered()
    assert.equal(carrier.sentMs, sentMs)
    await run(1000)
    assert.ok(carrier.sentMs > sentMs)
  })

  it('has it go on where the service is lost meanwhile', async () => {
    const { carrier, listener, run, sentMs } = await startled()
    await run(300)
    listener().lost(new CallError('ENGINE_UNAVAILABLE', 'gone', { retryable: true, detail: 'closed' }))
    await run(4000)
    assert.ok(carrier.sentMs > sentMs)
  })

  it('has it go on where the next service tells words only at the end, and hears none', async () => {
    const { carrier, listener, run, sentMs } = await startled()
    for (let losses = 0; losses < 2; losses++) {
      listener().lost(new CallError('ENGINE_UNAVAILABLE', 'gone', { retryable: true, detail: 'closed' }))
      await run(300)
    }
    await run(12_000)
    assert.ok(carrier.sentMs > sentMs + 4000, 'the greeting, and not only the apology')
  })

  it('leaves the floor to a caller whose words come', async () => {
    const { carrier, listener, run, sentMs } = await startled()
    await run(1500)
    listener().heard('I would')
    await run(6000)
    assert.equal(carrier.sentMs, sentMs)
  })
})
