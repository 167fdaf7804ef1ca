import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DeadAir } from '../../sessions/dead-air.ts'
import { percentile, TurnStopwatch } from '../../sessions/turn-latency.ts'
import { createRig } from '../support/session-rig.ts'

describe('TurnStopwatch', () => {
  it('splits the time to answer into parts that add up to it, whatever the fractions', () => {
    const gap = fc.double({ min: 0, max: 5000, noNaN: true })
    fc.assert(
      fc.property(gap, gap, gap, (endpoint, engine, playout) => {
        const stopwatch = new TurnStopwatch()
        const stoppedAt = 1_700_000_000_000.3
        stopwatch.callerStopped(stoppedAt, stoppedAt + endpoint)
        stopwatch.firstAudio(stoppedAt + endpoint + engine)
        stopwatch.firstHeard(stoppedAt + endpoint + engine + playout)
        const { responseMs, endpointMs, engineMs, playoutMs } = stopwatch.read()
        assert.equal(responseMs, (endpointMs ?? 0) + (engineMs ?? 0) + (playoutMs ?? 0))
        assert.ok(Math.abs((responseMs ?? 0) - (endpoint + engine + playout)) <= 1)
      })
    )
  })

  it('measures from the last time the caller stopped before the reply, to its first audio', () => {
    const stopwatch = new TurnStopwatch()
    stopwatch.callerStopped(1000, 1200)
    stopwatch.callerStopped(2000, 2200)
    stopwatch.firstAudio(2500)
    stopwatch.callerStopped(3000, 3200)
    stopwatch.firstAudio(3500)
    stopwatch.firstHeard(2600)
    stopwatch.firstHeard(3600)
    assert.deepEqual(stopwatch.read(), { responseMs: 600, endpointMs: 200, engineMs: 300, playoutMs: 100 })
  })

  it('has nothing to say of what did not happen', () => {
    const greeting = new TurnStopwatch()
    greeting.firstAudio(100)
    greeting.firstHeard(300)
    assert.deepEqual(greeting.read(), { responseMs: null, endpointMs: null, engineMs: null, playoutMs: 200 })
    const unheard = new TurnStopwatch()
    unheard.callerStopped(100, 200)
    unheard.firstAudio(300)
    assert.deepEqual(unheard.read(), { responseMs: null, endpointMs: 100, engineMs: 100, playoutMs: null })
  })

  it('never has the caller stop after the turn was decided', () => {
    const stopwatch = new TurnStopwatch()
    stopwatch.callerStopped(1300, 1200)
    assert.equal(stopwatch.read().endpointMs, 0)
  })
})

describe('percentile', () => {
  it('is a value of the list, by nearest rank', () => {
    assert.equal(percentile([], 0.5), null)
    assert.equal(percentile([7], 0.95), 7)
    assert.equal(percentile([4, 1, 3, 2], 0.5), 2)
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.deepEqual(
      [0, 0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share)),
      [1, 50, 95, 99, 100]
    )
  })

  it('leaves the list as it was', () => {
    const values = [3, 1, 2]
    percentile(values, 0.5)
    assert.deepEqual(values, [3, 1, 2])
  })
})

describe('DeadAir', () => {
  it('is the longest wait of the caller: for the greeting, for a reply, for what a reply announced', () => {
    const air = new DeadAir(1000)
    air.heard(1400)
    air.waits(5000)
    air.heard(5900)
    air.waits(8000)
    assert.deepEqual(air.end(8300), { answerToGreetingMs: 400, longestMs: 900 })
  })

  it('counts a wait that only the end of the call ended, and none where nothing was to come', () => {
    const unheard = new DeadAir(1000)
    assert.deepEqual(unheard.end(4000), { answerToGreetingMs: null, longestMs: 3000 })
    const noise = new DeadAir(1000)
    noise.heard(1100)
    noise.waits(2000)
    noise.expectsNothing()
    assert.deepEqual(noise.end(60_000), { answerToGreetingMs: 100, longestMs: 100 })
  })
})

describe('a caller too quiet for their last speech to be measured', () => {
  it('is answered, and kept waiting, since the engine found that they had finished', async () => {
    const { carrier, clock, connect, engine, of, session } = createRig()
    const asks = (utteranceId: string): void => {
      engine.emit('callerSpeechStarted', { utteranceId })
      clock.advance(1000)
      engine.emit('callerSpeechStopped', { utteranceId })
      engine.emit('callerTranscript', { utteranceId, text: 'When do you open?' })
      clock.advance(300)
      engine.speak(`answer to ${utteranceId}`, 1000, 'At nine.')
      engine.emit('replyDone', { replyId: `answer to ${utteranceId}` })
      clock.advance(10_000)
    }
    await connect()
    const loud = Uint8Array.from({ length: 160 }, (_, at) => (at % 8 < 4 ? 0x90 : 0x10))
    for (let frame = 0; frame < 25; frame++) {
      carrier.emit('audio', loud)
      clock.advance(20)
    }
    asks('loud')
    asks('quiet')
    await session.end('operator')
    const { endpointMs, responseMs } = of('turn.completed').at(-1)?.turn.latency ?? assert.fail()
    assert.deepEqual([endpointMs, responseMs], [0, 300])
    assert.ok(of('call.ended')[0].deadAirMs < 2000, 'from the words before')
  })
})

describe('the wait of a caller whose words could not be told', () => {
  /** The longest wait in a call where the answer comes 6 s after speech without words. */
  async function waitMs(transcribesAll: boolean): Promise<number> {
    const { clock, connect, engine, of, session } = createRig()
    engine.transcribesAll = transcribesAll
    await connect()
    engine.speak('greeting', 500, 'Hello.')
    engine.emit('replyDone', { replyId: 'greeting' })
    clock.advance(2000)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(1000)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: '' })
    clock.advance(6000)
    engine.speak('r1', 500, 'At nine.')
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(1000)
    await session.end('operator')
    return of('call.ended')[0].deadAirMs
  }

  it('lasts until the answer, where the engine answers all the same', async () => {
    assert.equal(await waitMs(false), 6000)
  })

  it('is none where that means that they said nothing', async () => {
    assert.ok((await waitMs(true)) < 500)
  })
})
