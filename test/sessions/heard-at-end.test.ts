import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRig, type RigOptions } from '../support/session-rig.ts'

const WORDS = { minSpeechMs: 0, minWords: 2, acknowledgements: null, resume: true }
const SECONDS = { minSpeechMs: 600, minWords: 0, acknowledgements: null, resume: true }

/** A caller who has heard this much of a reply of 4 s, of eight words. */
async function speaking(heardMs: number, profile: RigOptions['profile'] = {}) {
  const rig = createRig({ profile })
  await rig.connect()
  rig.engine.speak('r1', 4000, 'one two three four five six seven eight')
  rig.engine.emit('replyDone', { replyId: 'r1' })
  rig.clock.advance(heardMs)
  return rig
}

type Rig = Awaited<ReturnType<typeof speaking>>

function says(rig: Rig, text: string): void {
  rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
  rig.engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
  rig.engine.emit('callerTranscript', { utteranceId: 'u1', text })
}

/** The greeting as it was told last. */
function lastOf({ of }: Rig) {
  const { turn } = of('turn.completed').findLast(({ turn }) => turn.turnIndex === 0) ?? assert.fail()
  return turn
}

function assertHeard(rig: Rig, ms: number, words: string): void {
  const turn = lastOf(rig)
  assert.ok(Math.abs(turn.heardMs - ms) <= 40, `${turn.heardMs} ms told, ${ms} heard`)
  assert.equal(turn.agent?.heardText, words)
  assert.equal(turn.interrupted, false)
  assert.equal(turn.agent?.endedAt, rig.clock.now())
}

describe('what was heard of a reply that the caller hung up on', () => {
  it('is what they heard until then where it had been taken up again after a cough', async () => {
    const rig = await speaking(1600)
    says(rig, '')
    assert.equal(lastOf(rig).interrupted, true)
    rig.clock.advance(1600)
    rig.carrier.stop()
    // It went on from where the fourth word begins.
    assertHeard(rig, 1333 + 1600, 'one two three four five six')
  })

  it('is not all of it where they had said "okay" and the agent had gone on', async () => {
    const rig = await speaking(1100, { interruption: WORDS })
    says(rig, 'Okay.')
    rig.clock.advance(500)
    rig.carrier.stop()
    assertHeard(rig, 1600, 'one two three')
  })

  it('is not all of it while they speak and the agent goes on', async () => {
    const rig = await speaking(1100, { interruption: SECONDS })
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    rig.clock.advance(500)
    rig.carrier.stop()
    assertHeard(rig, 1600, 'one two three')
  })

  it('is all of it where it had ended before', async () => {
    const rig = await speaking(1100, { interruption: WORDS })
    says(rig, 'Okay.')
    rig.clock.advance(5000)
    rig.carrier.stop()
    assert.deepEqual([lastOf(rig).heardMs, lastOf(rig).interrupted], [4000, false])
  })
})
