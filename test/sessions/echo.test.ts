import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeG711 } from '../../audio/g711.ts'
import { EchoGuard } from '../../sessions/echo-guard.ts'
import { createRig } from '../support/session-rig.ts'
import { noiseLike, speechLike } from '../support/speech-like.ts'

const REPLY_MS = 4000

describe('a caller with a loudspeaker', () => {
  it('does not interrupt the agent with its own voice, and the echo is not answered', async () => {
    const rig = await speaking({ delayFrames: 5, gain: 0.2 })
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'echo' })
    rig.clock.advance(600)
    rig.engine.emit('callerSpeechStopped', { utteranceId: 'echo' })
    rig.engine.emit('callerTranscript', { utteranceId: 'echo', text: 'what the agent says' })
    rig.clock.advance(5000)
    assert.equal(rig.carrier.clears.length, 0)
    assert.equal(rig.carrier.playedMs, REPLY_MS)
    assert.deepEqual(rig.engine.dismissed, ['echo'])
    assert.equal(rig.of('echo.suspected').length, 1)
    assert.deepEqual(
      rig.of('turn.completed').map(({ turn }) => [turn.turnIndex, turn.interrupted, turn.caller]),
      [[0, false, null]]
    )
  })

  it('still has the goodbye end the call', async () => {
    const rig = await speaking({ delayFrames: 5, gain: 0.2 })
    rig.engine.emit('toolCall', { id: 't', name: 'end_call', arguments: '{}', spoken: true })
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'echo' })
    rig.clock.advance(400)
    rig.engine.emit('callerSpeechStopped', { utteranceId: 'echo' })
    rig.clock.advance(5000)
    assert.equal(rig.of('call.ended')[0]?.reason, 'agent_hung_up')
  })

  it('interrupts the agent when it is the caller who speaks', async () => {
    const rig = await speaking(null)
    const speech = mulaw(noiseLike({ sampleRate: 8000, ms: 500, seed: 77 }))
    for (let start = 0; start < speech.length; start += 160) {
      rig.carrier.emit('audio', speech.subarray(start, start + 160))
    }
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    assert.equal(rig.carrier.clears.length, 1)
    assert.equal(rig.of('echo.suspected').length, 0)
  })

  it('is told of as interrupting from the word of it on, the question whether it is an echo included', async (t) => {
    const rig = await speaking(null)
    t.mock.method(EchoGuard.prototype, 'suspected', () => {
      rig.clock.advance(7)
      return false
    })
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    assert.equal(rig.of('turn.interrupted')[0]?.clearMs, 7)
  })
})

/** An agent one and a half seconds into a reply of four. */
async function speaking(echo: { delayFrames: number; gain: number } | null) {
  const rig = createRig()
  await rig.connect()
  if (echo) rig.carrier.echo(echo)
  rig.engine.emit('agentTranscript', { replyId: 'r1', delta: 'what the agent says' })
  rig.engine.emit('audio', {
    replyId: 'r1',
    payload: mulaw(speechLike({ sampleRate: 8000, ms: REPLY_MS, seed: 5 }))
  })
  rig.engine.emit('replyDone', { replyId: 'r1' })
  rig.clock.advance(1500)
  return rig
}

function mulaw(samples: Int16Array): Uint8Array {
  const codes = new Uint8Array(samples.length)
  encodeG711('pcmu', samples, codes)
  return codes
}
