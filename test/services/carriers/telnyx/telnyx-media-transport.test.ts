import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AudioFormat, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../../audio/format.ts'
import { swapBytes16 } from '../../../../audio/l16-byte-order.ts'
import { createTelnyxMedia } from '../../../../services/carriers/media.ts'
import type { MediaStopReason, StreamStart } from '../../../../sessions/contracts/media-transport.ts'
import { FakeSocket } from '../../../support/fake-socket.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

function createRig(options: { format?: AudioFormat; byteOrder?: 'auto' | 'le' | 'be' } = {}) {
  const clock = new ManualClock()
  const socket = new FakeSocket()
  const attach = createTelnyxMedia({ clock, l16ByteOrder: options.byteOrder ?? 'le', idleTimeoutMs: 30_000 })
  const transport = attach(socket, options.format ?? PCMU_8K)
  const starts: StreamStart[] = []
  const audio: Buffer[] = []
  const heard: string[] = []
  const malformed: string[] = []
  const stops: MediaStopReason[] = []
  transport.on('started', (start) => starts.push(start))
  transport.on('audio', (payload) => audio.push(Buffer.from(payload)))
  transport.on('mark', (name) => heard.push(`mark ${name}`))
  transport.on('dtmf', (digit) => heard.push(`dtmf ${digit}`))
  transport.on('malformed', (cause) => malformed.push(cause))
  transport.on('stopped', (reason) => stops.push(reason))
  return { clock, socket, transport, starts, audio, heard, malformed, stops }
}

function start(encoding: unknown = 'PCMU', sampleRate: unknown = 8000) {
  return {
    event: 'start',
    stream_id: 'stream-1',
    start: { call_control_id: 'v3:one', media_format: { encoding, sample_rate: sampleRate, channels: 1 } }
  }
}

function media(bytes: readonly number[], chunk?: string, track = 'inbound') {
  return { event: 'media', media: { track, chunk, payload: Buffer.from(bytes).toString('base64') } }
}

describe('TelnyxMediaTransport: from the carrier', () => {
  for (const [encoding, rate, format] of [
    ['PCMU', 8000, PCMU_8K],
    ['PCMU', '8000', PCMU_8K],
    ['pcma', 8000, PCMA_8K],
    ['L16', 16000, PCM16_16K],
    ['L16', 24000, PCM16_24K]
  ] as const) {
    it(`takes ${encoding} at ${JSON.stringify(rate)} for what the stream carries`, () => {
      const { socket, starts } = createRig()
      socket.receive({ event: 'connected', version: '1.0.0' })
      socket.receive(start(encoding, rate))
      assert.deepEqual(starts, [{ inboundFormat: format, carrierCallId: 'v3:one', streamId: 'stream-1' }])
    })
  }

  for (const [encoding, rate] of [
    ['G722', 8000],
    ['PCMU', 16000],
    ['L16', 44100],
    [null, null],
    [{}, []]
  ]) {
    it(`ends a stream of ${JSON.stringify(encoding)} at ${JSON.stringify(rate)}, saying why`, () => {
      const { socket, stops, starts } = createRig()
      socket.receive(start(encoding, rate))
      assert.deepEqual([starts, stops], [[], ['unsupported_media']])
      assert.deepEqual(socket.closes, [{ code: 1008, reason: 'unsupported_media' }])
    })
  }

  it('delivers the caller’s frames in their order, each once, and never the agent’s own', () => {
    const { socket, audio } = createRig()
    socket.receive(start())
    for (const [chunk, value, track] of [
      ['1', 1, 'inbound'],
      ['2', 99, 'outbound'],
      ['3', 3, 'inbound'],
      ['2', 2, 'inbound'],
      ['2', 98, 'inbound'],
      ['4', 4, 'inbound']
    ] as const) {
      socket.receive(media([value], chunk, track))
    }
    assert.deepEqual(
      audio.map((payload) => payload[0]),
      [1, 2, 3, 4]
    )
  })

  it('delivers frames without a number as they come', () => {
    const { socket, audio } = createRig()
    socket.receive(start())
    for (const value of [7, 8]) socket.receive(media([value]))
    assert.deepEqual(
      audio.map((payload) => payload[0]),
      [7, 8]
    )
  })

  it('turns big-endian L16 around, and leaves little-endian as it is', () => {
    for (const [byteOrder, expected] of [
      ['be', [2, 1, 4, 3]],
      ['le', [1, 2, 3, 4]]
    ] as const) {
      const { socket, audio } = createRig({ byteOrder, format: PCM16_16K })
      socket.receive(start('L16', 16000))
      socket.receive(media([1, 2, 3, 4], '1'))
      assert.deepEqual([...audio[0]], expected)
    }
  })

  it('tells marks and keys', () => {
    const { socket, heard } = createRig()
    socket.receive({ event: 'mark', mark: { name: 'end-1' } })
    socket.receive({ event: 'dtmf', dtmf: { digit: '#' } })
    assert.deepEqual(heard, ['mark end-1', 'dtmf #'])
  })

  it('takes a second start for what the stream carries from there on', () => {
    const { socket, starts, audio } = createRig()
    socket.receive(start('PCMU'))
    socket.receive(media([1], '50'))
    socket.receive(start('PCMA'))
    socket.receive(media([2], '1'))
    assert.deepEqual(
      starts.map(({ inboundFormat }) => inboundFormat),
      [PCMU_8K, PCMA_8K]
    )
    assert.deepEqual(
      audio.map((payload) => payload[0]),
      [1, 2]
    )
  })

  for (const [encoding, rate, format] of [
    ['PCMU', 8000, PCMU_8K],
    ['L16', 24000, PCM16_24K]
  ] as const) {
    it(`goes by a second start of ${encoding} also while the byte order of the first is listened for`, () => {
      const { clock, socket, starts } = createRig({ byteOrder: 'auto', format: PCM16_16K })
      socket.receive(start('L16', 16000))
      clock.advance(40)
      socket.receive(start(encoding, rate))
      clock.advance(1000)
      assert.deepEqual(starts.at(-1)?.inboundFormat, format)
    })
  }
})

describe('TelnyxMediaTransport: to the carrier', () => {
  it('sends audio as it comes, in messages of at most a second, and nothing is lost', () => {
    const { transport, socket } = createRig()
    const payload = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251)
    transport.send(payload)
    const messages = socket.frames.map((frame) =>
      Buffer.from((frame.media as { payload: string }).payload, 'base64')
    )
    assert.deepEqual(
      messages.map(({ byteLength }) => byteLength),
      [8000, 8000, 4000]
    )
    assert.deepEqual(Buffer.concat(messages), Buffer.from(payload))
    assert.deepEqual(Object.keys(socket.frames[0]).toSorted(), ['event', 'media'])
  })

  it('has taken a payload when it returns, so that its memory may be reused', () => {
    const { transport, socket } = createRig()
    const whole = new Uint8Array(400).fill(1)
    const payload = whole.subarray(100, 260)
    transport.send(payload)
    whole.fill(2)
    const sent = Buffer.from((socket.frames[0].media as { payload: string }).payload, 'base64')
    assert.deepEqual([sent.byteLength, new Set(sent)], [160, new Set([1])])
  })

  it('sends L16 in the byte order of the stream', () => {
    const payload = Uint8Array.of(1, 2, 3, 4)
    for (const byteOrder of ['le', 'be'] as const) {
      const { transport, socket } = createRig({ byteOrder, format: PCM16_16K })
      transport.send(payload)
      const sent = Buffer.from((socket.frames[0].media as { payload: string }).payload, 'base64')
      assert.deepEqual(sent, Buffer.from(byteOrder === 'be' ? swapBytes16(payload) : payload))
    }
  })

  it('sends marks, whatever their name, and clears', () => {
    const { transport, socket } = createRig()
    transport.mark('end "1"')
    transport.clear()
    assert.deepEqual(socket.frames, [{ event: 'mark', mark: { name: 'end "1"' } }, { event: 'clear' }])
  })

  it('sends nothing on a socket that is not open', () => {
    const { transport, socket } = createRig()
    socket.readyState = 2
    transport.send(new Uint8Array(160))
    transport.mark('m')
    transport.clear()
    assert.deepEqual(socket.sent, [])
  })

  it('gives up a peer that takes nothing any more', () => {
    const { transport, socket } = createRig()
    socket.bufferedAmount = 5_000_000
    transport.send(new Uint8Array(160))
    assert.deepEqual([socket.sent.length, socket.terminated], [0, 1])
  })
})

describe('TelnyxMediaTransport: ending', () => {
  it('stops once, with the first reason, and hears nothing afterwards', () => {
    const { transport, socket, stops, audio, heard, clock } = createRig()
    socket.receive(start())
    socket.receive({ event: 'stop', stop: {} })
    socket.receive(media([1], '1'))
    socket.receive({ event: 'mark', mark: { name: 'm' } })
    socket.emit('close', 1006)
    transport.close()
    transport.close()
    clock.advance(100_000)
    assert.deepEqual([stops, audio, heard], [['stop'], [], []])
    assert.deepEqual(socket.closes, [{ code: 1000, reason: undefined }])
    assert.equal(clock.pending, 0)
  })

  it('tells a socket that went without a word from one that we closed', () => {
    const gone = createRig()
    gone.socket.emit('close', 1006)
    assert.deepEqual(gone.stops, ['socket_closed'])
    const ours = createRig()
    ours.transport.close()
    assert.deepEqual(ours.stops, ['closed_by_us'])
  })

  it('survives an error of the socket', () => {
    const { socket } = createRig()
    socket.emit('error', new Error('reset'))
    assert.equal(socket.terminated, 1)
  })

  it('gives up after 30 s without a frame of any kind', () => {
    const { clock, socket, stops } = createRig()
    clock.advance(29_999)
    socket.receive({ event: 'unheard_of' })
    clock.advance(29_999)
    assert.deepEqual(stops, [])
    clock.advance(1)
    assert.deepEqual(stops, ['idle'])
    assert.deepEqual(socket.closes, [{ code: 1008, reason: 'idle' }])
  })
})

describe('TelnyxMediaTransport: malformed frames', () => {
  const bad: [string, string][] = [
    ['not json', 'not_json'],
    ['null', 'not_json'],
    ['[]', 'not_json'],
    ['{}', 'no_event'],
    ['{"event":5}', 'no_event'],
    ['{"event":"media"}', 'media_without_payload'],
    ['{"event":"media","media":{"payload":5}}', 'media_without_payload'],
    ['{"event":"media","media":{"payload":"!"}}', 'media_not_base64'],
    ['{"event":"mark"}', 'mark_without_name'],
    ['{"event":"mark","mark":{}}', 'mark_without_name'],
    ['{"event":"dtmf","dtmf":null}', 'dtmf_without_digit'],
    ['{"event":"start"}', 'start_without_fields'],
    ['{"event":"start","start":{"media_format":{"encoding":{"toString":1}}}}', 'unreadable'],
    ['{"event":"error","payload":{"code":{"toString":1,"valueOf":1}}}', 'unreadable']
  ]

  for (const [frame, cause] of bad) {
    it(`skips ${frame} and goes on`, () => {
      const { socket, malformed, heard, stops } = createRig()
      socket.receive(frame)
      socket.receive({ event: 'mark', mark: { name: 'm' } })
      assert.deepEqual([malformed, heard, stops], [[cause], ['mark m'], []])
    })
  }

  it('skips binary frames', () => {
    const { socket, malformed } = createRig()
    socket.emit('message', Buffer.from('{"event":"stop"}'), true)
    assert.deepEqual(malformed, ['not_json'])
  })

  it('ends the stream at the 20th, not at the 19th', () => {
    const { socket, stops } = createRig()
    for (let count = 1; count < 20; count++) socket.receive('x')
    assert.deepEqual(stops, [])
    socket.receive('x')
    assert.deepEqual(stops, ['protocol_error'])
    assert.deepEqual(socket.closes, [{ code: 1008, reason: 'protocol_error' }])
  })

  it('does not hold events that it does not know, or errors that the carrier reports, against the stream', () => {
    const { socket, stops, malformed } = createRig()
    for (let count = 0; count < 50; count++) {
      socket.receive({ event: 'something_new' })
      socket.receive({ event: 'error', payload: { code: 100004, title: 'unknown' } })
    }
    assert.deepEqual(stops, [])
    assert.deepEqual(new Set(malformed), new Set(['carrier_error_100004']))
  })

  it('never throws, and stops at most once, whatever comes', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(undefined))
    const frame = fc.record({
      event: fc.oneof(fc.constantFrom('connected', 'start', 'media', 'mark', 'dtmf', 'stop', 'error'), field),
      start: fc.oneof(field, fc.record({ media_format: field, call_control_id: field })),
      media: fc.oneof(field, fc.record({ payload: field, chunk: field, track: field })),
      mark: field,
      dtmf: field,
      payload: field
    })
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, fc.string()), { maxLength: 40 }), (frames) => {
        const { socket, stops } = createRig({ byteOrder: 'auto', format: PCM16_16K })
        for (const value of frames) socket.receive(value ?? '')
        assert.ok(stops.length <= 1)
      }),
      { numRuns: 500 }
    )
  })
})
