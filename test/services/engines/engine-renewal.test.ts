import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FailoverEngine } from '../../../services/engines/failover-engine.ts'
import type { PastTurn } from '../../../services/engines/past-turns.ts'
import { CallError } from '../../../sessions/errors.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedEngine } from '../../support/scripted-engine.ts'
import { turns } from '../../support/until.ts'

const AFTER_MS = 55 * 60_000

async function connected() {
  const first = new ScriptedEngine()
  const others: ScriptedEngine[] = []
  const toldOf: (readonly PastTurn[])[] = []
  const clock = new ManualClock()
  const create = () => {
    const other = new ScriptedEngine()
    others.push(other)
    return other
  }
  const engine = new FailoverEngine({
    first,
    clock,
    replacements: [{ create, takeOver: (other) => other.say('Sorry?') }],
    renewal: { afterMs: AFTER_MS, create, goOn: (_, past) => toldOf.push(past) },
    lastWords: async () => new Uint8Array(800)
  })
  const connecting = engine.connect(new AbortController().signal)
  await first.becomeReady()
  await connecting
  first.speak('r1', 1000, 'Hello.')
  first.emit('replyDone', { replyId: 'r1' })
  return { engine, first, others, toldOf, clock }
}

/** The time of the session is up, and the next one is connected. */
async function due(rig: Awaited<ReturnType<typeof connected>>): Promise<ScriptedEngine> {
  rig.clock.advance(AFTER_MS)
  const next = rig.others.at(-1)
  assert.ok(next)
  await next.becomeReady()
  await turns()
  return next
}

describe('an engine whose sessions last only so long', () => {
  it('is renewed in a pause, told of the conversation, and says nothing of it', async () => {
    const rig = await connected()
    const { clock, engine, first, others, toldOf } = rig
    clock.advance(AFTER_MS - 1)
    assert.equal(others.length, 0)
    clock.advance(1)
    engine.setPatience(700)
    engine.sendAudio(new Uint8Array([1]))
    await others[0].becomeReady()
    await turns()
    engine.sendAudio(new Uint8Array([2]))
    assert.deepEqual(toldOf, [[{ speaker: 'agent', text: 'Hello.' }]])
    assert.deepEqual([first.closed, others[0].closed], [1, 0])
    assert.deepEqual(
      [first, others[0]].map((each) => Buffer.concat(each.heardFromCaller)[0]),
      [1, 2]
    )
    assert.deepEqual([others[0].said, others[0].greeted, others[0].patience], [[], 0, [700]])
  })

  it('is not renewed while the caller speaks, waits for the answer, or hears it', async () => {
    const rig = await connected()
    const { clock, engine, first } = rig
    clock.advance(AFTER_MS - 1)
    first.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(1)
    const next = rig.others[0]
    await next.becomeReady()
    await turns()
    const still = () => engine.say('Who speaks?')
    clock.advance(20_000)
    assert.equal(first.closed, 0)
    first.emit('callerSpeechStopped', { utteranceId: 'u1' })
    first.emit('callerTranscript', { utteranceId: 'u1', text: 'What is the time?' })
    clock.advance(2000)
    assert.equal(first.closed, 0)
    first.emit('toolCall', { id: 'c1', name: 'clock', arguments: '{}', spoken: false })
    clock.advance(30_000)
    assert.equal(first.closed, 0)
    engine.returnToolResult('c1', 'ten', { reply: true })
    clock.advance(2000)
    first.speak('r2', 3000, 'It is ten.')
    first.emit('replyDone', { replyId: 'r2' })
    clock.advance(2900)
    assert.equal(first.closed, 0)
    clock.advance(300)
    assert.equal(first.closed, 1)
    still()
    assert.deepEqual([first.said, next.said], [[], ['Who speaks?']])
  })

  it('is renewed again as the next one grows old', async () => {
    const rig = await connected()
    const second = await due(rig)
    const third = await due(rig)
    assert.deepEqual([rig.others.length, second.closed, third.closed], [2, 1, 0])
  })

  it('lives on where the next one does not connect, or is lost before its time, and another is tried', async () => {
    const rig = await connected()
    const { clock, first, others } = rig
    clock.advance(AFTER_MS)
    await others[0].refuse(new CallError('ENGINE_CONNECT', 'refused', { detail: 'http_500' }))
    await turns()
    assert.deepEqual([first.closed, others[0].closed], [0, 1])
    first.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(30_000)
    await others[1].becomeReady()
    await turns()
    others[1].emit('failed', new CallError('ENGINE_UNAVAILABLE', 'lost'))
    clock.advance(30_000)
    await others[2].becomeReady()
    first.emit('callerSpeechStopped', { utteranceId: 'u1' })
    clock.advance(10_200)
    assert.deepEqual(
      [first, ...others].map(({ closed }) => closed),
      [1, 1, 1, 0]
    )
  })

  it('is renewed also where the one before it was lost in the middle of everything', async () => {
    const rig = await connected()
    const { clock, first, others } = rig
    first.emit('toolCall', { id: 'c1', name: 'clock', arguments: '{}', spoken: true })
    first.speak('r2', 3000, 'One two three.')
    first.emit('callerSpeechStarted', { utteranceId: 'u1' })
    first.emit('failed', new CallError('ENGINE_UNAVAILABLE', 'lost'))
    await others[0].becomeReady()
    await turns()
    clock.advance(1000)
    await due(rig)
    assert.deepEqual([others.length, others[0].closed, others[1].closed], [2, 1, 0])
  })

  it('is renewed for nobody once the call is over', async () => {
    const rig = await connected()
    const { clock, engine, others } = rig
    clock.advance(AFTER_MS)
    engine.close()
    await others[0].becomeReady()
    clock.advance(AFTER_MS)
    await turns()
    assert.deepEqual([others.length, others[0].closed], [1, 1])
  })
})
