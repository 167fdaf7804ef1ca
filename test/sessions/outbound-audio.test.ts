import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AudioFormat, bytesPerMs, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import type { MediaTransport, MediaTransportEvents } from '../../sessions/contracts/media-transport.ts'
import { EchoGuard } from '../../sessions/echo-guard.ts'
import { type CutReply, OutboundAudio } from '../../sessions/outbound-audio.ts'
import { ManualClock } from '../support/manual-clock.ts'

type Sent = Buffer | string

/** Remembers what it was given, in order: audio as bytes, marks and clears by name. */
class RecordingTransport extends EventEmitter<MediaTransportEvents> implements MediaTransport {
  receivedAt = 0
  readonly outboundFormat: AudioFormat
  readonly sent: Sent[] = []

  constructor(outboundFormat: AudioFormat) {
    super()
    this.outboundFormat = outboundFormat
  }

  send(payload: Uint8Array): void {
    this.sent.push(Buffer.from(payload))
  }

  mark(name: string): void {
    this.sent.push(name)
  }

  clear(): void {
    this.sent.push('clear')
  }

  close(): void {}

  get audio(): Buffer {
    return Buffer.concat(this.sent.filter((entry): entry is Buffer => typeof entry !== 'string'))
  }

  /** The order of things, marks without their numbers. */
  get story(): string[] {
    return this.sent.map((entry) => (typeof entry === 'string' ? entry.replace(/-\d+$/, '') : 'audio'))
  }
}

function createRig(options: { from?: AudioFormat; to?: AudioFormat } = {}) {
  const clock = new ManualClock()
  const engineFormat = options.from ?? PCMU_8K
  const outbound = new OutboundAudio({ clock, engineFormat, echoGuard: new EchoGuard() })
  const transport = new RecordingTransport(options.to ?? PCMU_8K)
  const play = (replyId: string, ms: number, fill = 0x11) =>
    outbound.play(replyId, new Uint8Array(ms * bytesPerMs(engineFormat)).fill(fill))
  return { clock, outbound, transport, play }
}

describe('OutboundAudio', () => {
  it('sends every byte once, in whole frames, and fills the last one with silence, however it comes', () => {
    for (const [format, silence] of [
      [PCMU_8K, 0xff],
      [PCMA_8K, 0xd5],
      [PCM16_24K, 0]
    ] as const) {
      const frameBytes = 20 * bytesPerMs(format)
      const pieces = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 })
      fc.assert(
        fc.property(pieces, (lengths) => {
          const { outbound, transport } = createRig({ from: format, to: format })
          outbound.attach(transport)
          const said = lengths.map((length, index) => Buffer.alloc(length * 2, (index % 200) + 1))
          for (const piece of said) outbound.play('r', piece)
          for (const message of transport.sent)
            if (typeof message !== 'string') assert.equal(message.byteLength % frameBytes, 0)
          outbound.replyDone('r')
          const whole = Buffer.concat(said)
          const filled = Math.ceil(whole.byteLength / frameBytes) * frameBytes - whole.byteLength
          assert.deepEqual(transport.audio, Buffer.concat([whole, Buffer.alloc(filled, silence)]))
        }),
        { numRuns: 60 }
      )
    }
  })

  it('marks the beginning, the way and the end of each reply', () => {
    const { outbound, transport, play } = createRig()
    outbound.attach(transport)
    play('r1', 500)
    play('r1', 500)
    play('r1', 500)
    outbound.replyDone('r1')
    play('r2', 500)
    outbound.replyDone('r2')
    assert.deepEqual(transport.story, [
      ...['start', 'audio', 'audio', 'progress', 'audio', 'end'],
      ...['start', 'audio', 'end']
    ])
  })

  it('ends a reply that was never told to be done before another one begins', () => {
    const { outbound, transport, play } = createRig()
    outbound.attach(transport)
    play('r1', 30, 1)
    play('r2', 20, 2)
    const silence = Buffer.alloc(80, 0xff)
    const expected = Buffer.concat([Buffer.alloc(240, 1), silence, Buffer.alloc(160, 2)])
    assert.deepEqual(transport.audio, expected)
  })

  it('keeps what is made before the stream is there, and sends it in order with its marks', () => {
    const { outbound, transport, play } = createRig()
    play('r1', 40, 1)
    outbound.replyDone('r1')
    play('r2', 20, 2)
    assert.deepEqual([outbound.audible, outbound.heardAll, outbound.remainingMs], [true, false, 60])
    outbound.attach(transport)
    assert.deepEqual(transport.story, ['start', 'audio', 'end', 'start', 'audio'])
    assert.deepEqual(transport.audio, Buffer.concat([Buffer.alloc(320, 1), Buffer.alloc(160, 2)]))
    outbound.attach(new RecordingTransport(PCMU_8K))
    assert.equal(transport.sent.length, 5)
  })

  it('keeps a minute for a stream that does not come, and no more', () => {
    const { outbound, transport, play } = createRig()
    for (let second = 0; second < 90; second++) play('r', 1000)
    outbound.attach(transport)
    assert.equal(transport.audio.byteLength, 60_000 * 8)
  })

  it('copies what it keeps, since the engine may reuse its memory', () => {
    const { outbound, transport } = createRig()
    const payload = new Uint8Array(160).fill(1)
    outbound.play('r', payload)
    payload.fill(2)
    outbound.attach(transport)
    assert.deepEqual(new Set(transport.audio), new Set([1]))
  })

  it('clears the carrier at an interruption, and drops what still comes of that reply', () => {
    const { outbound, transport, play } = createRig()
    outbound.attach(transport)
    play('r1', 1010)
    const [cut, ...more] = outbound.interrupt()
    assert.deepEqual([cut.replyId, cut.heardMs, cut.receivedMs, more], ['r1', 0, 1010, []])
    assert.equal(transport.sent.at(-1), 'clear')
    const sentMessages = transport.sent.length
    assert.equal(play('r1', 500), false)
    outbound.replyDone('r1')
    assert.equal(transport.sent.length, sentMessages)
    assert.equal(outbound.heardAll, true)
    assert.equal(play('r2', 20, 7), true)
    assert.deepEqual(transport.sent.at(-1), Buffer.alloc(160, 7))
  })

  it('forgets at an interruption what it kept for the stream', () => {
    const { outbound, transport, play } = createRig()
    play('r1', 1000)
    outbound.interrupt()
    outbound.attach(transport)
    assert.deepEqual(transport.sent, [])
    assert.equal(outbound.remainingMs, 0)
  })

  it('counts a reply that was played again to its end as cut until the carrier has said so', () => {
    const whole: CutReply = { replyId: 'r', heardMs: 100, receivedMs: 100, resumedFromMs: 40 }
    for (const isProven of [false, true]) {
      const { clock, outbound, transport, play } = createRig()
      outbound.attach(transport)
      play('r', 100)
      clock.advance(60)
      const [reply] = outbound.interrupt()
      assert.equal(outbound.resume(reply, 40), true)
      clock.advance(60)
      const end = transport.sent.findLast((entry) => String(entry).startsWith('end-'))
      if (isProven) outbound.markReturned(String(end))
      const clears = transport.story.filter((entry) => entry === 'clear').length
      assert.deepEqual(outbound.interrupt(), isProven ? [] : [whole])
      assert.equal(transport.story.filter((entry) => entry === 'clear').length, clears)
      if (!isProven) assert.equal(outbound.resume(whole, 100), false, 'nothing of it is left')
    }
  })

  it('loses nothing of a reply to the conversion', () => {
    const { outbound, transport, play } = createRig({ from: PCM16_24K, to: PCMA_8K })
    outbound.attach(transport)
    for (let piece = 0; piece < 10; piece++) play('r', 33)
    outbound.replyDone('r')
    const ms = transport.audio.byteLength / 8
    assert.ok(ms >= 330 && ms < 360, `${ms} ms of 330 ms`)
    assert.equal(ms % 20, 0)
  })
})
