import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesPerMs, PCM16_24K, PCMU_8K } from '../../audio/format.ts'
import type { AudioTrack, TappedAudio } from '../../sessions/audio-taps.ts'
import { ScriptedEngine } from '../support/scripted-engine.ts'
import { createRig } from '../support/session-rig.ts'

const SILENCE = 0xff

type Rig = ReturnType<typeof createRig>

/** Everything that comes from one tap, as bytes and as pieces. */
function listen(rig: Rig, track: AudioTrack) {
  const pieces: (TappedAudio & { payload: Buffer })[] = []
  const stop = rig.session.taps.subscribe(track, (audio) =>
    pieces.push({ ...audio, payload: Buffer.from(audio.payload) })
  )
  return {
    pieces,
    stop,
    get audio(): Buffer {
      return Buffer.concat(pieces.map(({ payload }) => payload))
    },
    /** The part that is not silence. */
    get voice(): Buffer {
      const { audio } = this
      const first = audio.findIndex((code) => code !== SILENCE)
      return first < 0
        ? Buffer.alloc(0)
        : audio.subarray(first, audio.findLastIndex((code) => code !== SILENCE) + 1)
    }
  }
}

/** Speech whose every byte tells where it is, and none of which is silence. */
function numbered(ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 8 }, (_, i) => i % 251)
}

function speak(rig: Rig, replyId: string, payload: Uint8Array): void {
  rig.engine.emit('audio', { replyId, payload })
  rig.engine.emit('replyDone', { replyId })
}

describe('the taps of a call', () => {
  it('give the agent as the caller hears it: in time with the caller, not as it was sent ahead', async () => {
    const rig = createRig()
    const heard = listen(rig, 'outbound')
    const said = listen(rig, 'inbound')
    await rig.connect()
    const before = heard.audio.byteLength
    const reply = numbered(1000)
    speak(rig, 'r', reply)
    rig.clock.advance(500)
    assert.ok(Math.abs((heard.audio.byteLength - before) / 8 - 500) <= 20)
    assert.ok(Math.abs(heard.voice.byteLength / 8 - 500) <= 40)
    rig.clock.advance(1000)
    assert.deepEqual(heard.voice, Buffer.from(reply))
    assert.equal(heard.audio.byteLength, said.audio.byteLength)
    assert.deepEqual(
      heard.pieces.map(({ positionMs }) => positionMs),
      said.pieces.map(({ positionMs }) => positionMs)
    )
    assert.equal(said.pieces[0].positionMs, 0)
  })

  it('cut the agent where the carrier cut it, and go on with the next reply', async () => {
    const rig = createRig()
    const heard = listen(rig, 'outbound')
    await rig.connect()
    speak(rig, 'long', numbered(4000))
    rig.clock.advance(1000)
    rig.engine.emit('callerSpeechStarted', { utteranceId: 'u' })
    rig.clock.advance(2000)
    const cut = rig.carrier.clears[0]
    assert.ok(cut, 'the carrier was cleared')
    assert.ok(Math.abs(heard.voice.byteLength / 8 - cut.playedMs) <= 20)
    assert.deepEqual(heard.voice, Buffer.from(numbered(4000)).subarray(0, heard.voice.byteLength))
  })

  it('let a listener who comes in the middle of a reply hear the rest of it', async () => {
    const rig = createRig()
    await rig.connect()
    const reply = numbered(2000)
    speak(rig, 'r', reply)
    rig.clock.advance(1000)
    const heard = listen(rig, 'outbound')
    rig.clock.advance(1500)
    assert.ok(Math.abs(heard.voice.byteLength / 8 - 1000) <= 40, `${heard.voice.byteLength / 8} ms`)
    assert.deepEqual(heard.voice, Buffer.from(reply.subarray(reply.byteLength - heard.voice.byteLength)))
  })

  it('give the middle of a reply also where it was converted for the carrier', async () => {
    const engine = new ScriptedEngine({ outputFormat: PCM16_24K })
    const rig = createRig({ engine })
    await rig.connect()
    engine.speak('r', 2000)
    engine.emit('replyDone', { replyId: 'r' })
    rig.clock.advance(1000)
    const heard = listen(rig, 'outbound')
    rig.clock.advance(1500)
    assert.ok(Math.abs(heard.voice.byteLength / 8 - 1000) <= 40, `${heard.voice.byteLength / 8} ms`)
  })

  it('lay frames that were held up where they were spoken, and leave a gap where some were lost', async () => {
    const rig = createRig()
    const said = listen(rig, 'inbound')
    rig.session.attachMedia(rig.carrier)
    rig.carrier.emit('started', { inboundFormat: PCMU_8K, carrierCallId: null, streamId: 's' })
    function frames(count: number, everyMs: number): number[] {
      for (let i = 0; i < count; i++) {
        rig.clock.advance(everyMs)
        rig.carrier.emit('audio', new Uint8Array(20 * bytesPerMs(PCMU_8K)))
      }
      return said.pieces.slice(-count).map(({ positionMs }) => Math.round(positionMs))
    }
    const every20Ms = (fromMs: number, count: number) =>
      Array.from({ length: count }, (_, i) => fromMs + i * 20)
    assert.deepEqual(frames(10, 20), every20Ms(0, 10))
    rig.clock.advance(500)
    assert.deepEqual(frames(25, 0), every20Ms(200, 25))
    assert.deepEqual(frames(10, 20), every20Ms(700, 10))
    rig.clock.advance(400)
    // The first frame after the gap could be the first of those that were held up; the next one tells that it is not.
    frames(1, 0)
    assert.deepEqual(frames(5, 20), every20Ms(1300, 5))
  })

  it('keep frames that come early or late at their own distance, and the agent whole', async () => {
    const rig = createRig()
    const said = listen(rig, 'inbound')
    const heard = listen(rig, 'outbound')
    rig.session.start()
    rig.session.attachMedia(rig.carrier)
    rig.carrier.emit('started', { inboundFormat: PCMU_8K, carrierCallId: null, streamId: 's' })
    await rig.engine.becomeReady()
    // The call was there for a while before its first frame, as calls are.
    rig.clock.advance(533.3)
    const reply = numbered(600)
    speak(rig, 'r', reply)
    for (let frame = 0; frame < 60; frame++) {
      rig.clock.advance([13.1, 26.7, 19.4, 20.8][frame % 4])
      rig.carrier.emit('audio', new Uint8Array(20 * bytesPerMs(PCMU_8K)))
    }
    for (const { pieces } of [said, heard]) {
      assert.deepEqual(
        pieces.map(({ positionMs }) => Math.round(positionMs)),
        Array.from({ length: 60 }, (_, i) => i * 20)
      )
      assert.ok(pieces.every(({ payload }) => payload.byteLength === 160))
    }
    assert.deepEqual(heard.voice, Buffer.from(reply))
  })

  it('lose a listener that throws, and nothing else', async () => {
    const rig = createRig()
    let calls = 0
    rig.session.taps.subscribe('inbound', () => {
      calls += 1
      throw new Error('a listener')
    })
    const said = listen(rig, 'inbound')
    await rig.connect()
    assert.equal(calls, 1)
    assert.ok(said.pieces.length > 5)
    assert.notEqual(rig.session.phase, 'closing')
  })

  it('give nothing more to who has left', async () => {
    const rig = createRig()
    const heard = listen(rig, 'outbound')
    await rig.connect()
    heard.stop()
    const { length } = heard.pieces
    rig.clock.advance(200)
    assert.equal(heard.pieces.length, length)
    assert.equal(rig.session.taps.wants('outbound'), false)
  })
})
