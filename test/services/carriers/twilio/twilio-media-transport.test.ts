import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PCMU_8K } from '../../../../audio/format.ts'
import {
  TwilioMediaTransport,
  type TwilioStream
} from '../../../../services/carriers/twilio/twilio-media-transport.ts'
import { FakeSocket } from '../../../support/fake-socket.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { settle } from '../../../support/session-rig.ts'

type Admit = (stream: TwilioStream, transport: TwilioMediaTransport) => boolean | Promise<boolean>

function createRig(admit: Admit = () => true) {
  const clock = new ManualClock()
  const socket = new FakeSocket()
  const told: string[] = []
  const asked: TwilioStream[] = []
  const transport: TwilioMediaTransport = new TwilioMediaTransport({
    socket,
    clock,
    idleTimeoutMs: 30_000,
    admit: (stream) => {
      asked.push(stream)
      told.push('asked')
      return admit(stream, transport)
    }
  })
  transport.on('started', ({ streamId }) => told.push(`started ${streamId}`))
  transport.on('audio', (payload) => told.push(`audio ${payload[0]}`))
  transport.on('malformed', (cause) => told.push(cause))
  transport.on('stopped', (reason) => told.push(`stopped ${reason}`))
  return { clock, socket, transport, told, asked }
}

function start(start: Record<string, unknown> = {}, streamSid: unknown = 'MZ1') {
  return {
    event: 'start',
    streamSid,
    start: {
      callSid: 'CA1',
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 'good' },
      ...start
    }
  }
}

function media(value: number, track = 'inbound') {
  const payload = Buffer.from([value]).toString('base64')
  return { event: 'media', streamSid: 'MZ1', media: { track, chunk: '1', timestamp: '0', payload } }
}

describe('TwilioMediaTransport: admission', () => {
  it('lets nothing be lost that comes while its token is looked at elsewhere, and tells it in order', async () => {
    const answer = Promise.withResolvers<boolean>()
    const { socket, told, asked } = createRig(() => answer.promise)
    socket.receive(start())
    socket.receive(media(1))
    socket.receive('{')
    socket.receive(start())
    socket.receive({ event: 'mark', streamSid: 'MZ1', mark: {} })
    socket.receive(media(2))
    assert.deepEqual(told, ['asked', 'not_json'])
    answer.resolve(true)
    await settle()
    assert.deepEqual(told.slice(2), ['started MZ1', 'audio 1', 'started MZ1', 'mark_without_name', 'audio 2'])
    assert.equal(asked.length, 1)
  })

  it('forgets what came where the token is refused, and where it cannot be looked at', async () => {
    for (const answer of [Promise.resolve(false), Promise.reject(new Error('away'))]) {
      const { socket, told } = createRig(() => answer)
      socket.receive(start())
      socket.receive(media(1))
      await settle()
      assert.deepEqual(told, ['asked', 'stopped unauthorized'])
      assert.deepEqual(socket.closes, [{ code: 1008, reason: 'unauthorized' }])
    }
  })

  it('keeps little for a stream that nobody has admitted', () => {
    const { socket, told } = createRig(() => new Promise(() => {}))
    socket.receive(start())
    for (let count = 0; count < 101; count++) socket.receive(media(1))
    assert.deepEqual(told, ['asked', 'stopped protocol_error'])
  })

  it('asks with the token and the call of its start, before anybody is told of the stream', () => {
    const { socket, asked, told } = createRig()
    socket.receive({ event: 'connected', protocol: 'Call', version: '1.0.0' })
    socket.receive(start())
    socket.receive(media(1))
    assert.deepEqual(asked, [{ token: 'good', callSid: 'CA1' }])
    assert.deepEqual(told, ['asked', 'started MZ1', 'audio 1'])
  })

  it('closes a stream that is not let in with 1008, and delivers nothing of it', () => {
    const { socket, told, transport } = createRig(() => false)
    socket.receive(media(1))
    socket.receive(start())
    socket.receive(media(2))
    transport.send(new Uint8Array(160))
    assert.deepEqual(told, ['media_before_start', 'asked', 'stopped unauthorized'])
    assert.deepEqual([socket.closes, socket.sent], [[{ code: 1008, reason: 'unauthorized' }], []])
  })

  it('asks with null where the start names no token or call', () => {
    for (const customParameters of [undefined, null, {}, { token: 5 }, []]) {
      const { socket, asked } = createRig(() => false)
      socket.receive(start({ customParameters, callSid: 7 }))
      assert.deepEqual(asked, [{ token: null, callSid: null }])
      assert.equal(socket.closes.length, 1)
    }
  })

  it('is told by whoever is asked, so that a call that ends meanwhile gets no stream', () => {
    const { socket, told } = createRig((_, transport) => {
      transport.close()
      return true
    })
    socket.receive(start())
    socket.receive(media(1))
    assert.deepEqual(told, ['asked', 'stopped closed_by_us'])
  })

  it('takes a second start for a stream that is in already', () => {
    const { socket, told, transport } = createRig()
    socket.receive(start())
    socket.receive(start({}, 'MZ2'))
    transport.clear()
    assert.deepEqual(told, ['asked', 'started MZ1', 'started MZ2'])
    assert.deepEqual(socket.frames, [{ event: 'clear', streamSid: 'MZ2' }])
  })

  it('waits 10 s for the start, whatever else comes, and no longer', () => {
    const { clock, socket, told } = createRig()
    clock.advance(9000)
    socket.receive({ event: 'connected' })
    clock.advance(999)
    assert.deepEqual(told, [])
    clock.advance(1)
    assert.deepEqual(told, ['stopped idle'])
    assert.equal(socket.closes[0].code, 1008)
    const gone = createRig()
    gone.socket.emit('close', 1006)
    assert.equal(gone.clock.pending, 0)
    const begun = createRig()
    begun.socket.receive(start())
    begun.clock.advance(20_000)
    assert.deepEqual(begun.told, ['asked', 'started MZ1'])
  })
})

describe('TwilioMediaTransport: frames', () => {
  it('sends nothing before the start, and the stream’s own id with everything after it', () => {
    const { socket, transport } = createRig()
    const sendAll = () => {
      transport.send(new Uint8Array([1, 2, 3]))
      transport.mark('m')
      transport.clear()
    }
    sendAll()
    assert.deepEqual(socket.sent, [])
    socket.receive(start({}, 'MZ"1'))
    sendAll()
    assert.deepEqual(socket.frames, [
      { event: 'media', streamSid: 'MZ"1', media: { payload: 'AQID' } },
      { event: 'mark', streamSid: 'MZ"1', mark: { name: 'm' } },
      { event: 'clear', streamSid: 'MZ"1' }
    ])
  })

  it('is mu-law at 8 kHz both ways', () => {
    const { socket, transport } = createRig()
    const formats: unknown[] = []
    transport.on('started', ({ inboundFormat }) => formats.push(inboundFormat))
    socket.receive(start())
    assert.deepEqual([transport.outboundFormat, formats], [PCMU_8K, [PCMU_8K]])
  })

  for (const mediaFormat of [
    undefined,
    {},
    { encoding: 'audio/x-alaw', sampleRate: 8000 },
    { encoding: 'audio/x-mulaw', sampleRate: 16000 }
  ]) {
    it(`ends a stream of ${JSON.stringify(mediaFormat)}, saying why`, () => {
      const { socket, told } = createRig()
      socket.receive(start({ mediaFormat }))
      assert.deepEqual(told, ['asked', 'stopped unsupported_media'])
      assert.deepEqual(socket.closes, [{ code: 1008, reason: 'unsupported_media' }])
    })
  }

  it('never takes the agent for the caller', () => {
    const { socket, told } = createRig()
    socket.receive(start())
    socket.receive(media(1, 'outbound'))
    assert.deepEqual(told, ['asked', 'started MZ1'])
  })

  for (const [frame, cause] of [
    ['{}', 'no_event'],
    ['{"event":"start"}', 'start_without_fields'],
    ['{"event":"start","start":{}}', 'start_without_fields'],
    ['{"event":"media"}', 'media_without_payload'],
    ['{"event":"media","media":{"payload":5}}', 'media_without_payload'],
    ['{"event":"media","media":{"payload":"!"}}', 'media_not_base64'],
    ['{"event":"mark","mark":{}}', 'mark_without_name'],
    ['{"event":"dtmf","dtmf":null}', 'dtmf_without_digit']
  ]) {
    it(`skips ${frame} and goes on`, () => {
      const { socket, told } = createRig()
      socket.receive(start())
      socket.receive(frame)
      socket.receive(media(1))
      assert.deepEqual(told.slice(2), [cause, 'audio 1'])
    })
  }

  it('never throws, and stops at most once, whatever comes', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(undefined))
    const frame = fc.record({
      event: fc.oneof(fc.constantFrom('connected', 'start', 'media', 'mark', 'dtmf', 'stop'), field),
      streamSid: fc.oneof(fc.constant('MZ1'), field),
      start: fc.oneof(field, fc.record({ mediaFormat: field, callSid: field, customParameters: field })),
      media: fc.oneof(field, fc.record({ payload: field, track: field })),
      mark: field,
      dtmf: field
    })
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, fc.string()), { maxLength: 40 }), (frames) => {
        const { socket, told } = createRig()
        for (const value of frames) socket.receive(value ?? '')
        assert.ok(told.filter((text) => text.startsWith('stopped')).length <= 1)
      }),
      { numRuns: 300 }
    )
  })
})
