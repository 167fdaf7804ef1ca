import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../../audio/format.ts'
import { createDialect } from '../../../cli/phone/dialect.ts'

function dialect() {
  return createDialect('twilio', { callId: 'call-1', streamId: 'stream-1', token: 't.1' })
}

describe("Twilio's dialect of the phone", () => {
  it('presents the token in its start, and nowhere else', () => {
    const twilio = dialect()
    assert.deepEqual(twilio.headers, {})
    assert.deepEqual(JSON.parse(twilio.connected()), {
      event: 'connected',
      protocol: 'Call',
      version: '1.0.0'
    })
    assert.deepEqual(JSON.parse(twilio.start(PCMU_8K)), {
      event: 'start',
      sequenceNumber: '1',
      streamSid: 'stream-1',
      start: {
        streamSid: 'stream-1',
        callSid: 'call-1',
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { token: 't.1' }
      }
    })
  })

  it('numbers its frames and stamps media in milliseconds', () => {
    const twilio = dialect()
    twilio.start(PCMU_8K)
    const packet = new Uint8Array(160).fill(255)
    const media = [1, 2, 3].map(() => JSON.parse(twilio.media(packet, 160)))
    assert.deepEqual(
      media.map(({ sequenceNumber, media: { chunk, timestamp } }) => [sequenceNumber, chunk, timestamp]),
      [
        ['2', '1', '0'],
        ['3', '2', '20'],
        ['4', '3', '40']
      ]
    )
    assert.deepEqual(Buffer.from(media[0].media.payload, 'base64'), Buffer.from(packet))
  })

  it('reads what the server says to its stream, and nothing else', () => {
    const twilio = dialect()
    const read = (frame: object) => twilio.parse(JSON.stringify({ streamSid: 'stream-1', ...frame }))
    assert.deepEqual(read({ event: 'media', media: { payload: 'AQI=' } }), {
      event: 'media',
      payload: Buffer.from([1, 2])
    })
    assert.deepEqual(read({ event: 'mark', mark: { name: 'm' } }), { event: 'mark', name: 'm' })
    assert.deepEqual(read({ event: 'clear' }), { event: 'clear' })
    for (const frame of [
      { event: 'clear', streamSid: 'stream-2' },
      { event: 'clear', streamSid: undefined },
      { event: 'mark' },
      { event: 'media', media: {} },
      { event: 'other' }
    ]) {
      assert.equal(read(frame), null)
    }
    assert.equal(twilio.parse('{'), null)
  })
})
