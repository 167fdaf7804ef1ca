import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCM16_24K, PCMA_8K } from '../../audio/format.ts'
import { CallError } from '../../sessions/errors.ts'
import { ScriptedEngine } from '../support/scripted-engine.ts'
import { createRig, settle } from '../support/session-rig.ts'

describe('CallSession: opening', () => {
  it('keeps what the caller says while the engine opens, and sends it on in order before anything newer', async () => {
    const { session, engine, carrier, clock } = createRig()
    session.start()
    session.attachMedia(carrier)
    carrier.start()
    for (const code of [1, 2, 3]) carrier.emit('audio', new Uint8Array(160).fill(code))
    assert.equal(engine.heardFromCaller.length, 0)
    await engine.becomeReady()
    carrier.emit('audio', new Uint8Array(160).fill(4))
    assert.deepEqual(
      engine.heardFromCaller.map((frame) => frame[0]),
      [1, 2, 3, 4]
    )
    assert.equal(clock.now() > 0, true)
  })

  it('keeps the newest five seconds where the engine takes longer', async () => {
    const { session, engine, carrier } = createRig()
    session.start()
    session.attachMedia(carrier)
    carrier.emit('started', { inboundFormat: carrier.outboundFormat, carrierCallId: null, streamId: null })
    for (let frame = 0; frame < 300; frame++) carrier.emit('audio', new Uint8Array(160).fill(frame % 256))
    await engine.becomeReady()
    assert.equal(engine.heardFromCaller.length, 250)
    assert.equal(engine.heardFromCaller[0][0], 50)
  })

  it('makes the greeting before the stream is there and sends it whole the moment it is', async () => {
    const { session, engine, carrier } = createRig()
    session.start()
    await engine.becomeReady()
    assert.equal(engine.greeted, 1)
    engine.speak('greeting', 1000, 'Hello.')
    assert.equal(carrier.sentMs, 0)
    session.attachMedia(carrier)
    assert.equal(carrier.sentMs, 0)
    carrier.start()
    assert.equal(carrier.sentMs, 1000)
  })

  it('tells its first steps in one order whichever came first', async () => {
    const { session, engine, carrier, clock, published } = createRig()
    session.start()
    await engine.becomeReady()
    engine.speak('greeting', 400)
    session.attachMedia(carrier)
    carrier.start()
    clock.advance(100)
    assert.deepEqual(
      published.map(({ type }) => type).filter((type) => /^(stream|session|audio)\./.test(type)),
      [
        'stream.connected',
        'session.ready',
        'audio.first_from_caller',
        'audio.first_to_engine',
        'audio.first_from_engine',
        'audio.first_to_caller'
      ]
    )
  })

  it('ends with connect_timeout where no media stream comes', () => {
    const { session, clock, of, hangUps } = createRig()
    session.start()
    clock.advance(20_000)
    assert.equal(of('call.ended')[0].reason, 'connect_timeout')
    assert.equal(hangUps.length, 1)
  })

  it('ends with engine_failed where the engine is refused, naming the code', async () => {
    const { session, engine, of } = createRig()
    session.start()
    await engine.refuse(new CallError('ENGINE_CONNECT', 'refused', { detail: 'http_401' }))
    await settle()
    assert.deepEqual(of('engine.failed')[0], {
      type: 'engine.failed',
      code: 'ENGINE_CONNECT',
      retryable: false,
      detail: 'http_401'
    })
    assert.equal(of('call.ended')[0].reason, 'engine_failed')
  })

  it('closes a stream that says it belongs to another call', async () => {
    const { session, carrier, of } = createRig({ call: { carrier: 'telnyx' } })
    session.start()
    session.attachMedia(carrier)
    carrier.emit('started', {
      inboundFormat: carrier.outboundFormat,
      carrierCallId: 'another',
      streamId: null
    })
    assert.equal(carrier.closed, 1)
    assert.equal(of('stream.connected').length, 0)
  })
})

describe('CallSession: speech', () => {
  it('turns the call between formats in each direction by itself', async () => {
    const engine = new ScriptedEngine({ inputFormat: PCM16_24K, outputFormat: PCM16_24K })
    const { carrier, connect } = createRig({ engine, carrierFormat: PCMA_8K })
    await connect()
    const bytes = engine.heardFromCaller.reduce((sum, frame) => sum + frame.byteLength, 0)
    assert.ok(Math.abs(bytes - 200 * 48) <= 6 * 48, `${bytes} bytes of 200 ms at 24 kHz`)
    engine.speak('r1', 1000)
    engine.emit('replyDone', { replyId: 'r1' })
    assert.ok(carrier.sentMs >= 1000 && carrier.sentMs <= 1020, `${carrier.sentMs} ms sent`)
  })

  it('sends whole frames only, and fills the last one with silence', async () => {
    const { engine, carrier, connect } = createRig()
    await connect()
    engine.speak('r1', 33)
    assert.equal(carrier.sentMs, 20)
    engine.speak('r1', 12)
    assert.equal(carrier.sentMs, 40)
    engine.emit('replyDone', { replyId: 'r1' })
    assert.equal(carrier.sentMs, 60)
  })

  it('completes a turn when its reply has been heard to its end, with a latency whose parts add up', async () => {
    const { engine, carrier, clock, connect, of } = createRig()
    await connect()
    engine.speak('greeting', 400, 'Hello.')
    engine.emit('replyDone', { replyId: 'greeting' })
    clock.advance(1000)
    assert.equal(of('turn.completed').length, 1)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    carrier.emit('audio', loudFrame())
    clock.advance(600)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'are you open' })
    clock.advance(300)
    engine.speak('r1', 1000, 'Yes, we are.')
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(999)
    assert.equal(of('turn.completed').length, 1)
    clock.advance(100)
    const { turn, revised } = of('turn.completed')[1]
    assert.equal(revised, false)
    assert.equal(turn.turnIndex, 1)
    assert.equal(turn.caller?.saidText, 'are you open')
    assert.equal(turn.agent?.heardText, 'Yes, we are.')
    assert.equal(turn.interrupted, false)
    const { responseMs, endpointMs, engineMs, playoutMs } = turn.latency
    assert.equal(endpointMs, 600)
    assert.equal(engineMs, 300)
    assert.equal(responseMs, (endpointMs ?? 0) + (engineMs ?? 0) + (playoutMs ?? 0))
  })

  it('revises a turn whose transcript comes after the reply', async () => {
    const { engine, clock, connect, of } = createRig()
    await connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    engine.speak('r1', 200, 'Yes.')
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(500)
    assert.equal(of('turn.completed').length, 1)
    engine.emit('callerTranscript', { utteranceId: 'u1', text: 'late words' })
    const last = of('turn.completed')[1]
    assert.equal(last.revised, true)
    assert.equal(last.turn.caller?.saidText, 'late words')
  })
})

describe('CallSession: barge-in', () => {
  it('clears the carrier and tells the engine what was heard, within a frame of the truth', async () => {
    const { engine, carrier, clock, connect, of } = createRig()
    await connect()
    engine.speak('r1', 4000, 'one two three four five six seven eight nine ten')
    clock.advance(1500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    assert.equal(carrier.clears.length, 1)
    const [heard] = engine.interrupts[0]
    assert.ok(
      Math.abs(heard.heardMs - carrier.playedMs) <= 20,
      `${heard.heardMs} told, ${carrier.playedMs} played`
    )
    assert.ok(heard.heardMs <= heard.receivedMs)
    const { turn } = of('turn.completed')[0]
    assert.equal(turn.interrupted, true)
    assert.equal(turn.agent?.saidText, 'one two three four five six seven eight nine ten')
    assert.equal(turn.agent?.heardText, 'one two three four')
  })

  it('drops deltas of the interrupted reply that come late', async () => {
    const { engine, carrier, clock, connect } = createRig()
    await connect()
    engine.speak('r1', 1000)
    clock.advance(500)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    const sentMs = carrier.sentMs
    engine.speak('r1', 1000)
    engine.emit('replyDone', { replyId: 'r1' })
    assert.equal(carrier.sentMs, sentMs)
    engine.speak('r2', 100)
    assert.equal(carrier.sentMs, sentMs + 100)
  })

  it('clears nothing while nothing is being heard', async () => {
    const { engine, carrier, clock, connect } = createRig()
    await connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u0' })
    engine.speak('r1', 200)
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(400)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    assert.equal(carrier.clears.length, 0)
    assert.equal(engine.interrupts.length, 0)
  })

  it('cuts a reply that the engine has finished and the carrier still plays', async () => {
    const { engine, carrier, clock, connect } = createRig()
    await connect()
    engine.speak('r1', 3000)
    engine.emit('replyDone', { replyId: 'r1' })
    clock.advance(1000)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    assert.equal(carrier.clears.length, 1)
    assert.ok(Math.abs(engine.interrupts[0][0].heardMs - carrier.playedMs) <= 20)
  })

  it('tells that a reply queued behind another was never heard', async () => {
    const { engine, clock, connect } = createRig()
    await connect()
    engine.speak('r1', 2000)
    engine.emit('replyDone', { replyId: 'r1' })
    engine.speak('r2', 2000)
    clock.advance(1000)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    const [first, second] = engine.interrupts[0]
    assert.ok(first.heardMs > 900 && first.heardMs < 1100)
    assert.deepEqual([second.replyId, second.heardMs, second.receivedMs], ['r2', 0, 2000])
  })
})

/** 20 ms of mu-law at about -6 dBFS. */
function loudFrame(): Uint8Array {
  return Uint8Array.from({ length: 160 }, (_, index) => (index % 2 === 0 ? 0x90 : 0x10))
}
