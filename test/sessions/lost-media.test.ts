import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallError } from '../../sessions/errors.ts'
import { createRig, settle } from '../support/session-rig.ts'
import { VirtualCarrier } from '../support/virtual-carrier.ts'

describe('a media stream that is lost in the middle of a call', () => {
  it('is asked for again, and the agent goes on with what was not heard; its memory stays', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.engine.speak('r1', 4000, 'one two three four')
    rig.clock.advance(1500)
    rig.carrier.vanish()
    rig.engine.speak('r1', 1000, ' five')
    rig.engine.emit('replyDone', { replyId: 'r1' })
    rig.clock.advance(1000)
    assert.equal(asked, 1)

    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    assert.ok(Math.abs(next.sentMs - 3500) <= 60, `${next.sentMs} ms sent again`)
    rig.clock.advance(4000)
    const { turn } = rig.of('turn.completed')[0]
    assert.equal(turn.agent?.heardText, 'one two three four five')
    assert.equal(turn.interrupted, false)
    assert.equal(rig.engine.closed, 0)
    assert.equal(rig.of('call.ended').length, 0)
    assert.ok(rig.engine.heardFromCaller.length > 200, 'the caller is heard on the new stream')
  })

  it('gives an answer that waited once, and still has it wait', async () => {
    const rig = createRig({ reconnect: async () => {} })
    await rig.connect()
    rig.engine.speak('r1', 4000)
    rig.clock.advance(1000)
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    rig.engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    rig.engine.speak('answer', 2000)
    rig.engine.emit('replyDone', { replyId: 'answer' })
    rig.carrier.vanish()
    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    assert.equal(next.sentMs, 0)
    rig.engine.emit('callerTranscript', { utteranceId: 'u1', text: 'No, wait.' })
    assert.equal(next.sentMs, 2000)
    rig.clock.advance(2100)
    assert.equal(rig.of('turn.completed').at(-1)?.turn.heardMs, 2000)
  })

  it('goes on with what had begun as soon as it is back, also while an answer waits', async () => {
    const interruption = { minSpeechMs: 0, minWords: 2, acknowledgements: null, resume: true }
    const rig = createRig({ reconnect: async () => {}, profile: { interruption } })
    await rig.connect()
    rig.engine.speak('r1', 4000)
    rig.engine.emit('replyDone', { replyId: 'r1' })
    rig.clock.advance(1000)
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    rig.engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    rig.engine.speak('answer', 2000)
    rig.carrier.vanish()
    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    assert.equal(next.sentMs, 3000)
    rig.engine.emit('callerTranscript', { utteranceId: 'u1', text: 'Okay.' })
    rig.clock.advance(4000)
    assert.equal(next.playedMs, 3000)
    assert.equal(rig.of('turn.completed').at(-1)?.turn.heardMs, 4000)
  })

  it('knows what was heard on both streams when the caller then barges in', async () => {
    const rig = createRig({ reconnect: async () => {} })
    await rig.connect()
    rig.engine.speak('r1', 4000)
    rig.clock.advance(1000)
    rig.carrier.vanish()
    rig.clock.advance(1500)
    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    rig.clock.advance(1000)
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    const [{ heardMs }] = rig.engine.interrupts[0]
    const playedMs = rig.carrier.playedMs + next.playedMs
    assert.ok(Math.abs(heardMs - playedMs) <= 40, `${heardMs} told, ${playedMs} played`)
  })

  it('was heard whole where it went between the end of a reply and its end mark', async () => {
    const rig = createRig({ delayMs: 60, reconnect: async () => {} })
    await rig.connect()
    rig.engine.speak('r1', 1000, 'one two three')
    rig.engine.emit('replyDone', { replyId: 'r1' })
    rig.clock.advance(1060)
    assert.deepEqual(rig.of('turn.completed'), [])
    rig.carrier.vanish()
    const { turn } = rig.of('turn.completed')[0] ?? assert.fail('the turn is not told')
    assert.deepEqual([turn.heardMs, turn.agent?.heardText, turn.interrupted], [1000, 'one two three', false])
    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    rig.clock.advance(2000)
    assert.equal(next.sentMs, 0)
  })

  it('is not asked for again where the goodbye had been heard', async () => {
    let asked = 0
    const rig = createRig({ delayMs: 60, reconnect: async () => void asked++ })
    await rig.connect()
    rig.session.sayGoodbye('Goodbye.', { reason: 'agent_hung_up' })
    rig.engine.speak('bye', 1000, 'Goodbye.')
    rig.engine.emit('replyDone', { replyId: 'bye' })
    rig.clock.advance(1060)
    rig.carrier.vanish()
    rig.clock.advance(60_000)
    assert.equal(rig.of('call.ended')[0].reason, 'agent_hung_up')
    assert.equal(asked, 0)
  })

  it('ends the call where the carrier refuses, or never connects', async () => {
    const refused = createRig({ reconnect: () => Promise.reject(new CallError('CARRIER_REFUSED', 'no')) })
    await refused.connect()
    refused.carrier.vanish()
    refused.clock.advance(1000)
    await settle()
    assert.equal(refused.of('call.ended')[0].reason, 'media_lost')

    let asked = 0
    const silent = createRig({ reconnect: async () => void asked++ })
    await silent.connect()
    silent.carrier.vanish()
    silent.clock.advance(60_000)
    assert.equal(silent.of('call.ended')[0].reason, 'media_lost')
    assert.equal(asked, 3)
  })

  /** Loses the stream so many times, which lives so long whenever it is back; `asked` tells how often it was asked for. */
  async function loseAgainAndAgain({ times, livesMs }: { times: number; livesMs: number }) {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.carrier.vanish()
    for (let lost = 1; lost < times; lost++) {
      rig.clock.advance(1000)
      const next = new VirtualCarrier({ clock: rig.clock })
      rig.session.attachMedia(next)
      next.start()
      rig.clock.advance(livesMs)
      next.vanish()
    }
    rig.clock.advance(1000)
    return { asked, reasons: rig.of('call.ended').map(({ reason }) => reason) }
  }

  it('is given up where it begins and is lost at once, again and again', async () => {
    const { asked, reasons } = await loseAgainAndAgain({ times: 4, livesMs: 200 })
    assert.deepEqual([asked, reasons], [3, ['media_lost']])
  })

  it('is asked for as often as it is lost where it lasts in between', async () => {
    const { asked, reasons } = await loseAgainAndAgain({ times: 10, livesMs: 6000 })
    assert.deepEqual([asked, reasons], [10, []])
  })

  it('is not asked for again once the caller has hung up', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.carrier.vanish()
    rig.clock.advance(300)
    await rig.session.end('caller_hung_up')
    rig.clock.advance(60_000)
    assert.equal(asked, 0)
  })
})

describe('a caller who hangs up', () => {
  for (const afterMs of [0, 20, 60, 100])
    it(`${afterMs} ms after the end of a reply, before its end mark is back, has heard it whole`, async () => {
      const rig = createRig({ delayMs: 60 })
      await rig.connect()
      rig.engine.speak('r1', 1000, 'Thank you for calling, goodbye.')
      rig.engine.emit('replyDone', { replyId: 'r1' })
      rig.clock.advance(1000 + afterMs)
      rig.carrier.stop()
      const { turn } = rig.of('turn.completed').at(-1) ?? assert.fail()
      assert.equal(turn.heardMs, 1000)
      assert.equal(turn.agent?.heardText, 'Thank you for calling, goodbye.')
      assert.equal(rig.of('call.ended')[0].reason, 'caller_hung_up')
    })
})

describe('a media stream that makes way for something else', () => {
  it('is not the call’s end while the caller is handed over, and is asked for again if they come back', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.session.handOver(true)
    rig.carrier.stop()
    rig.clock.advance(30_000)
    assert.deepEqual([rig.of('call.ended'), asked], [[], 0])
    rig.session.handOver(false)
    assert.equal(asked, 1)
  })

  it('is waited for where the carrier brings it by itself, and asked for where it does not come', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.session.handOver(true)
    rig.carrier.stop()
    rig.session.handOver(false, { streamComes: true })
    rig.clock.advance(9000)
    assert.equal(asked, 0)
    rig.clock.advance(1000)
    assert.equal(asked, 1)
  })

  it('is replaced by the next one, whose stop is the end of the call again', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.session.replaceStream(12_000)
    rig.carrier.stop()
    rig.clock.advance(2000)
    const next = new VirtualCarrier({ clock: rig.clock })
    rig.session.attachMedia(next)
    next.start()
    rig.clock.advance(60_000)
    assert.deepEqual([rig.of('call.ended'), asked], [[], 0])
    next.stop()
    assert.equal(rig.of('call.ended')[0].reason, 'caller_hung_up')
  })

  it('is asked for where no other comes in time, and left alone where it never went', async () => {
    let asked = 0
    const rig = createRig({ reconnect: async () => void asked++ })
    await rig.connect()
    rig.session.replaceStream(12_000)
    rig.clock.advance(13_000)
    assert.equal(asked, 0)
    rig.session.replaceStream(12_000)
    rig.carrier.stop()
    rig.clock.advance(12_000)
    assert.equal(asked, 1)
  })
})

describe('a carrier that sends no frames while the caller is silent', () => {
  it('does not keep a turn from ending: silence is filled in by the wall clock', async () => {
    const { engine, carrier, clock, connect } = createRig()
    await connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(500)
    carrier.mute()
    const before = engine.heardFromCaller.reduce((sum, frame) => sum + frame.byteLength, 0)
    clock.advance(2000)
    const filledMs = (engine.heardFromCaller.reduce((sum, frame) => sum + frame.byteLength, 0) - before) / 8
    assert.ok(filledMs >= 1600 && filledMs <= 2000, `${filledMs} ms filled in`)
    assert.equal(
      engine.heardFromCaller.at(-1)?.every((byte) => byte === 0xff),
      true
    )
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    const frames = engine.heardFromCaller.length
    clock.advance(2000)
    assert.equal(engine.heardFromCaller.length, frames)
  })

  it('adds nothing to a stream that is merely late', async () => {
    const { engine, clock, connect } = createRig()
    await connect()
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(2000)
    const bytes = engine.heardFromCaller.reduce((sum, frame) => sum + frame.byteLength, 0)
    assert.ok(Math.abs(bytes / 8 - 2200) <= 20)
  })
})

describe('a key that the caller presses', () => {
  it('takes the floor like speech, and is a turn of its own', async () => {
    const { engine, carrier, clock, connect, of } = createRig()
    await connect()
    engine.speak('r1', 3000, 'Press one for the opening hours.')
    clock.advance(1000)
    carrier.emit('dtmf', '1')
    assert.equal(carrier.clears.length, 1)
    carrier.emit('dtmf', '2')
    assert.deepEqual(engine.digits, ['1', '2'])
    clock.advance(100)
    engine.speak('r2', 500, 'We are open.')
    engine.emit('replyDone', { replyId: 'r2' })
    clock.advance(1000)
    const { turn } = of('turn.completed').at(-1) ?? assert.fail()
    assert.equal(turn.turnIndex, 1)
    assert.equal(turn.caller?.saidText, '[keys 12]')
    assert.ok((turn.latency.responseMs ?? 0) >= 100)
  })
})

describe('frames of the caller that are lost', () => {
  for (const delayMs of [0, 60]) {
    it(`do not shorten what the caller has heard, ${delayMs} ms away`, async () => {
      const rig = createRig({ delayMs })
      await rig.connect()
      rig.carrier.lose(9)
      rig.engine.speak('r1', 20_000)
      rig.engine.emit('replyDone', { replyId: 'r1' })
      rig.clock.advance(15_000)
      rig.engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
      rig.clock.advance(delayMs)
      const errorMs = rig.engine.interrupts[0][0].heardMs - (rig.carrier.clears[0]?.playedMs ?? 0)
      assert.ok(Math.abs(errorMs) <= 40 + 2 * delayMs, `${errorMs} ms of error after 83 frames lost`)
    })
  }
})
