import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ScriptedEngine } from '../support/scripted-engine.ts'
import { createRig, settle } from '../support/session-rig.ts'

describe('CallSession: ending', () => {
  it('hangs up only after the goodbye has been heard to its end', async () => {
    const { engine, clock, connect, of, hangUps } = createRig()
    await connect()
    engine.speak('bye', 2000, 'Goodbye.')
    engine.emit('replyDone', { replyId: 'bye' })
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: true })
    clock.advance(1900)
    assert.equal(hangUps.length, 0)
    clock.advance(150)
    assert.equal(hangUps.length, 1)
    await settle()
    assert.equal(of('call.ended')[0].reason, 'agent_hung_up')
    assert.equal(of('turn.completed')[0].turn.agent?.heardText, 'Goodbye.')
  })

  it('asks for a goodbye first where the agent ends the call without one', async () => {
    const { engine, clock, connect, hangUps } = createRig()
    await connect()
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: false })
    assert.deepEqual(
      engine.toolResults.map(({ reply }) => reply),
      [true]
    )
    clock.advance(3000)
    assert.equal(hangUps.length, 0)
    engine.speak('bye', 500)
    engine.emit('replyDone', { replyId: 'bye' })
    clock.advance(600)
    assert.equal(hangUps.length, 1)
  })

  it('goes on with the call when the caller talks over the goodbye', async () => {
    const { engine, clock, connect, of } = createRig()
    await connect()
    engine.speak('bye', 2000)
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: true })
    clock.advance(500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(30_000)
    assert.equal(of('call.ended').length, 0)
  })

  it('speaks a protected goodbye to its end', async () => {
    const { engine, carrier, clock, connect, of } = createRig({ profile: { protectGoodbye: true } })
    await connect()
    engine.speak('bye', 2000)
    engine.emit('replyDone', { replyId: 'bye' })
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: true })
    clock.advance(500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(1700)
    assert.equal(carrier.playedMs, 2000)
    assert.equal(of('call.ended')[0].reason, 'agent_hung_up')
  })

  it('has nobody answer what is said over a protected goodbye', async () => {
    const { engine, clock, connect } = createRig({ profile: { protectGoodbye: true } })
    await connect()
    engine.speak('bye', 2000)
    engine.emit('replyDone', { replyId: 'bye' })
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: true })
    clock.advance(500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    assert.deepEqual(engine.dismissed, ['u1'])
  })

  it('hangs up all the same when the goodbye never comes', async () => {
    const { engine, clock, connect, of } = createRig()
    await connect()
    engine.emit('toolCall', { id: 't1', name: 'end_call', arguments: '{}', spoken: false })
    clock.advance(10_000)
    assert.equal(of('call.ended')[0].reason, 'agent_hung_up')
  })

  it('ends once, with the first reason, and releases everything', async () => {
    const { session, engine, carrier, clock, connect, of } = createRig()
    await connect()
    carrier.stop()
    await Promise.all([session.end('operator'), session.end('internal')])
    assert.deepEqual(
      of('call.ended').map(({ reason }) => reason),
      ['caller_hung_up']
    )
    assert.equal(engine.closed, 1)
    assert.equal(session.phase, 'closed')
    assert.equal(clock.pending, 0)
    assert.equal(engine.eventNames().length, 0)
    assert.equal(carrier.eventNames().length, 0)
  })

  it('does not hang up a leg that the caller has ended', async () => {
    const { session, carrier, connect, hangUps } = createRig()
    await connect()
    carrier.stop()
    await session.end('caller_hung_up')
    assert.equal(hangUps.length, 0)
  })

  it('waits for the hang-up webhook before it calls a vanished socket lost', async () => {
    const lost = createRig()
    await lost.connect()
    lost.carrier.vanish()
    lost.clock.advance(999)
    assert.equal(lost.of('call.ended').length, 0)
    lost.clock.advance(1)
    assert.equal(lost.of('call.ended')[0].reason, 'media_lost')

    const hungUp = createRig()
    await hungUp.connect()
    hungUp.carrier.vanish()
    await hungUp.session.end('caller_hung_up')
    hungUp.clock.advance(5000)
    assert.deepEqual(
      hungUp.of('call.ended').map(({ reason }) => reason),
      ['caller_hung_up']
    )
  })

  it('is over for us even when the carrier never answers the hang-up', async () => {
    const { session, clock, connect } = createRig({ hangUp: () => new Promise(() => {}) })
    await connect()
    const ended = session.end('operator')
    await settle()
    clock.advance(5000)
    await ended
    assert.equal(session.phase, 'closed')
  })

  it('ends this call alone when a handler of it fails', async () => {
    const { engine, connect, of } = createRig()
    await connect()
    engine.sendDigit = () => {
      throw new Error('planted')
    }
    const other = createRig()
    await other.connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u' })
    const rig = createRig({ engine: Object.assign(new ScriptedEngine(), { sendDigit: engine.sendDigit }) })
    await rig.connect()
    rig.carrier.emit('dtmf', '5')
    assert.equal(rig.of('call.ended')[0].reason, 'internal')
    assert.equal(other.of('call.ended').length, 0)
    assert.equal(of('call.ended').length, 0)
  })

  it('leaves a trace every five seconds and ends at the longest length', async () => {
    const { clock, connect, of } = createRig()
    await connect()
    clock.advance(60_000)
    assert.equal(of('call.heartbeat').length, 12)
    clock.advance(3_600_000)
    assert.equal(of('call.ended')[0].reason, 'max_length')
  })
})

describe('CallSession: tools', () => {
  it('answers every tool call exactly once, whatever the tool does', async () => {
    const { engine, clock, connect, of } = createRig({
      tools: [
        { spec: { name: 'good', description: '', parameters: {} }, run: async (args) => `got ${args.n}` },
        {
          spec: { name: 'bad', description: '', parameters: {} },
          run: () => Promise.reject(new Error('no'))
        },
        { spec: { name: 'slow', description: '', parameters: {} }, run: () => new Promise(() => {}) }
      ]
    })
    await connect()
    for (const [name, args] of [
      ['good', '{"n":7}'],
      ['bad', '{}'],
      ['slow', '{}'],
      ['good', 'not json'],
      ['unknown', '{}']
    ]) {
      engine.emit('toolCall', { id: `${name}-${args}`, name, arguments: args, spoken: false })
    }
    await settle()
    clock.advance(10_000)
    await settle()
    assert.equal(engine.toolResults.length, 5)
    assert.equal(
      engine.toolResults.find(({ toolCallId }) => toolCallId.startsWith('good-{'))?.output,
      'got 7'
    )
    assert.deepEqual(
      of('tool.called')
        .map(({ code }) => code)
        .sort(),
      ['bad_arguments', 'failed', 'timeout', 'unknown_tool', null].sort()
    )
  })
})
