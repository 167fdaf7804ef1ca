import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { PCMU_8K } from '../../../audio/format.ts'
import { CallRecordings } from '../../../services/recording/call-recordings.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import type { AgentProfile } from '../../../sessions/contracts/agent-profile.ts'
import type { CallEvent } from '../../../sessions/contracts/call-events.ts'
import { capture } from '../../support/databases.ts'
import { createRig, testCall, testProfile } from '../../support/session-rig.ts'
import { onsets, readStereoWav } from '../../support/stereo-wav.ts'
import { until } from '../../support/until.ts'
import { ended, turn } from '../store/recorder-rig.ts'

const NOTICE = 'This call is recorded. Say no if you do not want that.'

describe('the recordings of calls', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'offhook-recordings-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** A live call and what records it; `say` publishes an event of the call. */
  function record(
    profile: Partial<AgentProfile>,
    { recordCalls = true, into = folder }: { recordCalls?: boolean; into?: string } = {}
  ) {
    const session = createRig()
    const told: CallEvent[] = []
    const done: string[] = []
    const refused: string[] = []
    const events = createCallEvents({ now: () => session.clock.now(), onListenerError: assert.fail })
    const recordings = new CallRecordings({
      events,
      log: capture().log,
      folder: into,
      recordCalls,
      callOf: () => ({
        taps: session.session.taps,
        profile: { ...testProfile, ...profile },
        streamFormat: PCMU_8K
      }),
      onRecorded: (callId) => done.push(callId),
      onRefused: (callId) => refused.push(callId)
    })
    events.subscribe(({ event }) => told.push(event))
    const say = (event: CallEvent) => events.publish(testCall, event)
    /** Ends the call and completes the recording. */
    async function end(): Promise<void> {
      await session.session.end('caller_hung_up')
      say(ended(session.clock.now(), 0))
      await recordings.close()
    }
    return { ...session, recordings, say, told, done, refused, end }
  }

  const heard = (text: string, interrupted = false): CallEvent => {
    const agent = { saidText: `${NOTICE} Hello.`, heardText: text, startedAt: 0, endedAt: 1 }
    return { type: 'turn.completed', turn: turn(0, { agent, interrupted }), revised: false }
  }
  const caller = (text: string): CallEvent => ({
    type: 'transcript',
    turnIndex: 1,
    speaker: 'caller',
    text,
    final: true
  })
  const file = path.join('', `${testCall.callId}.wav`)
  const recording = () => readStereoWav(path.join(folder, file))

  it('keep both sides on one clock for an hour', async () => {
    const call = record({})
    call.say({ type: 'call.answered' })
    await call.connect()
    const startedAt = call.clock.now()
    const spokenAt: number[] = []
    for (let minute = 0; minute < 60; minute += 6) {
      const replyId = `r${minute}`
      spokenAt.push(call.clock.now() - startedAt + 200)
      call.engine.speak(replyId, 400)
      call.engine.emit('replyDone', { replyId })
      for (let tenth = 0; tenth < 36; tenth++) {
        call.clock.advance(9_980)
        // The disk has its turn, which an hour in a few seconds would not give it.
        const soFarBytes = (call.clock.now() - startedAt) * 32
        await until(() => statSync(path.join(folder, file)).size > soFarBytes - 5 * 32_000, 'the disk')
      }
    }
    const lastedMs = call.clock.now() - startedAt + 200
    await call.end()
    const { left, right, sampleRate } = recording()
    assert.equal(left.length, right.length)
    assert.ok(Math.abs((left.length * 1000) / sampleRate - lastedMs) <= 20)
    const heardAt = onsets(right, sampleRate)
    assert.equal(heardAt.length, spokenAt.length)
    const lags = heardAt.map((at, i) => at - spokenAt[i])
    assert.ok(Math.max(...lags) - Math.min(...lags) <= 20, `lags of ${lags.join(', ')} ms`)
    assert.ok(Math.abs(lags[0]) <= 40, `a lag of ${lags[0]} ms`)
    assert.deepEqual(call.done, [testCall.callId])
  })

  it('begin at the answer where nothing is to be said, and are told of', async () => {
    const call = record({})
    call.say({ type: 'call.answered' })
    await call.connect()
    call.clock.advance(1000)
    await call.end()
    assert.ok(recording().left.length >= 8000)
    assert.deepEqual(
      call.told.filter(({ type }) => type.startsWith('recording.')),
      [{ type: 'recording.started', consent: false }]
    )
  })

  it('are made as each agent says, whatever the server does by default', async () => {
    for (const [recordCalls, own, made] of [
      [true, null, true],
      [false, null, false],
      [false, true, true],
      [true, false, false]
    ] as const) {
      await rm(path.join(folder, file), { force: true })
      const call = record({ recordCalls: own }, { recordCalls })
      call.say({ type: 'call.answered' })
      await call.connect()
      call.clock.advance(400)
      await call.end()
      assert.deepEqual(await readdir(folder), made ? [file] : [])
      assert.deepEqual(call.done.length, made ? 1 : 0)
    }
  })

  it('begin only once the caller has heard of it', async () => {
    const call = record({ recordingConsent: NOTICE })
    call.say({ type: 'call.answered' })
    await call.connect()
    call.clock.advance(3000)
    call.say(heard('This call is', true))
    call.clock.advance(1000)
    assert.equal(
      call.told.some(({ type }) => type === 'recording.started'),
      false
    )
    call.say(heard(`${NOTICE} Hello.`))
    call.clock.advance(1000)
    call.say(caller("Yes, I'd like a table."))
    await call.end()
    const { left, sampleRate } = recording()
    assert.ok(Math.abs(left.length / sampleRate - 1) <= 0.04, `${left.length / sampleRate} s`)
    assert.ok(call.told.some((event) => event.type === 'recording.started' && event.consent))
  })

  it('end, to be deleted, where the caller refuses', async () => {
    const call = record({ recordingConsent: NOTICE })
    call.say({ type: 'call.answered' })
    await call.connect()
    call.say(heard(`${NOTICE} Hello.`))
    call.clock.advance(1000)
    call.say(caller('No.'))
    call.clock.advance(1000)
    call.say(caller('A table for two.'))
    await call.end()
    assert.deepEqual([call.refused, call.done], [[testCall.callId], []])
    assert.ok(call.told.some((event) => event.type === 'recording.stopped' && event.reason === 'refused'))
  })

  it('are not begun at all where the caller refuses before the notice is over', async () => {
    await rm(path.join(folder, file), { force: true })
    const call = record({ recordingConsent: NOTICE })
    call.say({ type: 'call.answered' })
    await call.connect()
    call.say(caller("Don't record me"))
    call.say(heard(`${NOTICE} Hello.`))
    call.clock.advance(1000)
    await call.end()
    assert.deepEqual([await readdir(folder), call.refused], [[], [testCall.callId]])
  })

  it('break off with a disk that fails, and the call goes on', async () => {
    const call = record({}, { into: path.join(folder, 'nowhere') })
    call.say({ type: 'call.answered' })
    await call.connect()
    call.clock.advance(9_980)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(call.session.phase, 'live')
    await call.end()
    assert.deepEqual(call.done, [])
    assert.ok(call.told.some((event) => event.type === 'recording.stopped' && event.reason === 'disk'))
  })
})
