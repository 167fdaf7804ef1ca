import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import wavefile from 'wavefile'
import { type AudioFormat, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../audio/format.ts'
import { createTranscoder } from '../../../audio/transcoder.ts'
import { createDialect } from '../../../cli/phone/dialect.ts'
import { type LineState, MediaLeg } from '../../../cli/phone/media-leg.ts'
import type { SocketLike } from '../../../services/carriers/socket-like.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { sine, toneSnrDb } from '../../support/tone.ts'

interface SentFrame {
  event: string
  sequence_number?: string
  stream_id?: string
  start?: { call_control_id: string; media_format: Record<string, unknown> }
  media?: { track: string; chunk: string; timestamp: string; payload: string }
  mark?: { name: string }
  dtmf?: { digit: string }
}

/** The server's end of the socket: what it got, and what it sends. */
class ServerEnd extends EventEmitter implements SocketLike {
  readyState = 1
  bufferedAmount = 0
  readonly frames: (SentFrame & { at: number })[] = []
  readonly #clock: ManualClock
  constructor(clock: ManualClock) {
    super()
    this.#clock = clock
  }
  send(data: string): void {
    this.frames.push({ ...(JSON.parse(data) as SentFrame), at: this.#clock.now() })
  }
  close(): void {
    this.readyState = 2
  }
  terminate(): void {
    this.closed()
  }
  closed(): void {
    this.readyState = 3
    this.emit('close', 1000)
  }
  says(frame: unknown): void {
    this.emit('message', Buffer.from(JSON.stringify(frame)), false)
  }
  plays(samples: Int16Array, format: AudioFormat): void {
    const pcm: AudioFormat = { encoding: 'pcm16', sampleRate: format.sampleRate }
    const bytes = createTranscoder(pcm, format).push(new Uint8Array(samples.buffer))
    this.says({ event: 'media', media: { payload: Buffer.from(bytes).toString('base64') } })
  }
  of(event: string): (SentFrame & { at: number })[] {
    return this.frames.filter((frame) => frame.event === event)
  }
}

function rig(format: AudioFormat = PCMU_8K) {
  const clock = new ManualClock()
  const server = new ServerEnd(clock)
  const dialect = createDialect('telnyx', { callId: 'call-1', streamId: 'stream-1', token: 'token' })
  const leg = new MediaLeg({ socket: server, dialect, format, clock })
  const lines: LineState[] = []
  const ended: string[] = []
  leg.on('frame', (line) => lines.push(line))
  leg.on('ended', (by) => ended.push(by))
  return { clock, server, leg, lines, ended, startedAt: clock.now() }
}

function tone(ms: number, sampleRate = 8000): Int16Array {
  return sine({ frequencyHz: 440, sampleRate, ms })
}

describe('MediaLeg', () => {
  it('announces the stream before any media', () => {
    const { clock, server, leg } = rig(PCM16_24K)
    leg.start()
    clock.advance(20)
    assert.deepEqual(
      server.frames.map(({ event }) => event),
      ['connected', 'start', 'media']
    )
    assert.deepEqual(server.of('start')[0].start, {
      call_control_id: 'call-1',
      media_format: { encoding: 'L16', sample_rate: 24_000, channels: 1 }
    })
  })

  it('sends 20 ms every 20 ms, silence included, numbered as strings', () => {
    const { clock, server, leg, startedAt } = rig()
    leg.start()
    clock.advance(1000)
    const media = server.of('media')
    assert.equal(media.length, 50)
    assert.deepEqual(
      media.map(({ at }) => at - startedAt),
      Array.from({ length: 50 }, (_, i) => 20 * (i + 1))
    )
    assert.deepEqual(
      media.slice(0, 2).map((frame) => [frame.media?.chunk, frame.media?.timestamp, frame.sequence_number]),
      [
        ['1', '0', '2'],
        ['2', '160', '3']
      ]
    )
    assert.ok(
      media.every((frame) => Buffer.from(frame.media!.payload, 'base64').equals(Buffer.alloc(160, 0xff)))
    )
  })

  it('catches up after a late timer, so that lateness never adds up', () => {
    const { clock, server, leg, startedAt } = rig()
    const after = clock.after.bind(clock)
    // Every timer is 3 ms late, and one of them 70 ms.
    let timers = 0
    clock.after = (delayMs, task) => after(delayMs + (++timers === 10 ? 70 : 3), task)
    leg.start()
    clock.advance(1010)
    const media = server.of('media')
    assert.equal(media.length, 50)
    assert.ok(media[49].at - startedAt - 1000 <= 3)
  })

  it('never sets a timer into the past, though time passes while it works', () => {
    const { clock, leg } = rig()
    const { now, after } = { now: clock.now.bind(clock), after: clock.after.bind(clock) }
    let creepMs = 0
    const delaysMs: number[] = []
    clock.now = () => {
      creepMs += 0.5
      return now() + creepMs
    }
    clock.after = (delayMs, task) => {
      delaysMs.push(delayMs)
      return after(Math.max(0, delayMs), task)
    }
    leg.start()
    clock.advance(1000)
    assert.ok(delaysMs.length > 40)
    assert.ok(delaysMs.every((delayMs) => delayMs > 0))
  })

  it('returns a mark when the audio before it has been played in real time', () => {
    const { clock, server, leg, startedAt } = rig()
    leg.start()
    clock.advance(10)
    server.plays(tone(100), PCMU_8K)
    server.says({ event: 'mark', mark: { name: 'm1' } })
    clock.advance(500)
    assert.deepEqual(
      server.of('mark').map(({ mark, at }) => [mark?.name, at - startedAt]),
      [['m1', 120]]
    )
    assert.equal(leg.heardMs, 100)
  })

  it('returns a mark at once where nothing is queued', () => {
    const { server, leg, startedAt } = rig()
    leg.start()
    server.says({ event: 'mark', mark: { name: 'm1' } })
    assert.deepEqual(
      server.of('mark').map(({ at }) => at - startedAt),
      [0]
    )
  })

  it('falls silent within a frame of a clear, and returns every mark at once', () => {
    const { clock, server, leg, lines, startedAt } = rig()
    const cleared: unknown[] = []
    leg.on('cleared', (what) => cleared.push(what))
    leg.start()
    server.plays(tone(1000), PCMU_8K)
    for (const name of ['a', 'b']) server.says({ event: 'mark', mark: { name } })
    clock.advance(210)
    server.says({ event: 'clear' })
    assert.deepEqual(
      server.of('mark').map(({ mark, at }) => [mark?.name, at - startedAt]),
      [
        ['a', 210],
        ['b', 210]
      ]
    )
    clock.advance(500)
    assert.deepEqual(cleared, [{ droppedMs: 800, marks: 2 }])
    assert.equal(Math.max(...lines.filter(({ agentAudible }) => agentAudible).map(({ atMs }) => atMs)), 200)
    assert.equal(leg.heardMs, 200)
    assert.equal(leg.audibleMs, 200)
  })

  for (const format of [PCMU_8K, PCMA_8K, PCM16_24K]) {
    it(`carries the caller's voice in ${format.encoding} at ${format.sampleRate} Hz`, () => {
      const { clock, server, leg } = rig(format)
      const pcm: AudioFormat = { encoding: 'pcm16', sampleRate: format.sampleRate }
      leg.start()
      leg.say(sine({ frequencyHz: 997, sampleRate: format.sampleRate, ms: 400 }))
      clock.advance(440)
      const payloads = server.of('media').map((frame) => Buffer.from(frame.media!.payload, 'base64'))
      const bytes = Uint8Array.from(createTranscoder(format, pcm).push(Buffer.concat(payloads)))
      const spoken = new Int16Array(bytes.buffer).subarray(format.sampleRate / 50)
      assert.ok(toneSnrDb(spoken.subarray(0, format.sampleRate * 0.38), format.sampleRate, 997) > 35)
    })
  }

  it('says when the caller has finished speaking', () => {
    const { clock, leg, lines } = rig()
    leg.start()
    leg.say(tone(100))
    clock.advance(400)
    const busy = lines.filter(({ callerBusy }) => callerBusy).map(({ atMs }) => atMs)
    assert.deepEqual(busy, [20, 40, 60, 80, 100])
    assert.deepEqual(leg.utterances, [{ start: 160, end: 160 + 800 }])
  })

  it('presses keys one after the other', () => {
    const { clock, server, leg, startedAt } = rig()
    leg.start()
    leg.dial('12#')
    clock.advance(1000)
    assert.deepEqual(
      server.of('dtmf').map(({ dtmf, at }) => [dtmf?.digit, at - startedAt]),
      [
        ['1', 20],
        ['2', 260],
        ['#', 500]
      ]
    )
  })

  it('records both ends on one clock, caller left and agent right', () => {
    const { clock, server, leg } = rig()
    leg.start()
    clock.advance(100)
    leg.say(tone(100))
    clock.advance(200)
    server.plays(tone(100), PCMU_8K)
    clock.advance(700)
    const wav = new wavefile.WaveFile(leg.recording.toWav())
    const [left, right] = wav.getSamples(false) as unknown as Float64Array[]
    const loud = (samples: Float64Array) => {
      const marks = [...samples.keys()].filter((i) => Math.abs(samples[i]) > 250)
      return [marks[0] / 8, marks.at(-1)! / 8].map(Math.round)
    }
    assert.equal(left.length, right.length)
    assert.equal(left.length, 8000)
    assert.deepEqual(loud(left), [120, 220])
    assert.deepEqual(loud(right), [320, 420])
  })

  it('tells the server that it hangs up, sends nothing after, and ends when the socket is closed', () => {
    const { clock, server, leg, ended } = rig()
    leg.start()
    clock.advance(100)
    leg.hangUp()
    leg.hangUp()
    clock.advance(100)
    assert.equal(server.frames.at(-1)?.event, 'stop')
    assert.equal(server.of('stop').length, 1)
    assert.deepEqual(ended, [])
    server.closed()
    assert.deepEqual(ended, ['phone'])
  })

  it('ends by itself where the server does not close the socket', () => {
    const { clock, leg, ended } = rig()
    leg.start()
    leg.hangUp()
    clock.advance(2000)
    assert.deepEqual(ended, ['phone'])
    assert.equal(clock.pending, 0)
  })

  it('ends once when the server hangs up, and keeps what was recorded', () => {
    const { clock, server, leg, ended } = rig()
    leg.start()
    clock.advance(100)
    server.closed()
    server.closed()
    clock.advance(100)
    assert.deepEqual(ended, ['server'])
    assert.equal(leg.recording.length, 6 * 160)
    assert.equal(clock.pending, 0)
  })

  it('passes over what it does not understand', () => {
    const { clock, server, leg } = rig()
    leg.start()
    server.emit('message', Buffer.from('not json'), false)
    server.emit('message', Buffer.from([1, 2, 3]), true)
    for (const frame of [[], { event: 'media' }, { event: 'mark' }, { event: 7 }]) server.says(frame)
    clock.advance(40)
    assert.equal(server.of('media').length, 2)
    assert.equal(server.of('mark').length, 0)
  })
})
