import { PCMU_8K } from '../../../audio/format.ts'
import { createDialect } from '../../../cli/phone/dialect.ts'
import { createTelnyxMedia, createTwilioMedia } from '../../../services/carriers/media.ts'
import {
  type CarrierEnd,
  IDLE_TIMEOUT_MS,
  itIsAMediaTransport,
  type TransportCase
} from '../../support/media-transport.contract.ts'

const idleTimeoutMs = IDLE_TIMEOUT_MS

const attachTelnyx: TransportCase['attach'] = (socket, clock) =>
  createTelnyxMedia({ clock, l16ByteOrder: 'auto', idleTimeoutMs })(socket, PCMU_8K)

const attachTwilio: TransportCase['attach'] = (socket, clock) =>
  createTwilioMedia({ clock, idleTimeoutMs })(socket, () => true)

function base64(payload: Uint8Array): string {
  return Buffer.from(payload).toString('base64')
}

function createTelnyx(): CarrierEnd {
  let chunk = 0
  return {
    start: () => ({
      event: 'start',
      stream_id: 'stream-1',
      start: {
        call_control_id: 'v3:one',
        media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 }
      }
    }),
    media: (payload) => ({
      event: 'media',
      media: { track: 'inbound', chunk: String(++chunk), payload: base64(payload) }
    }),
    mark: (name) => ({ event: 'mark', mark: { name } }),
    dtmf: (digit) => ({ event: 'dtmf', dtmf: { digit } }),
    stop: () => ({ event: 'stop', stop: { call_control_id: 'v3:one' } })
  }
}

function createTwilio(): CarrierEnd {
  const streamSid = 'MZ1'
  let chunk = 0
  return {
    start: () => ({
      event: 'start',
      sequenceNumber: '1',
      streamSid,
      start: {
        streamSid,
        callSid: 'CA1',
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { token: 'token' }
      }
    }),
    media: (payload) => ({
      event: 'media',
      streamSid,
      media: { track: 'inbound', chunk: String(++chunk), timestamp: '0', payload: base64(payload) }
    }),
    mark: (name) => ({ event: 'mark', streamSid, mark: { name } }),
    dtmf: (digit) => ({ event: 'dtmf', streamSid, dtmf: { track: 'inbound_track', digit } }),
    stop: () => ({ event: 'stop', streamSid, stop: { callSid: 'CA1' } })
  }
}

/** The frames that the command-line phone itself sends. */
function createPhone(carrier: 'telnyx' | 'twilio'): CarrierEnd {
  const dialect = createDialect(carrier, { streamId: 'phone-1', callId: 'call-1', token: 'token' })
  return {
    start: () => dialect.start(PCMU_8K),
    media: (payload) => dialect.media(payload, payload.length),
    mark: (name) => dialect.mark(name),
    dtmf: (digit) => dialect.dtmf(digit, 0),
    stop: () => dialect.stop()
  }
}

itIsAMediaTransport('Telnyx’s stream', {
  attach: attachTelnyx,
  createCarrier: createTelnyx,
  carrierCallId: 'v3:one',
  streamId: 'stream-1'
})

itIsAMediaTransport('Twilio’s stream', {
  attach: attachTwilio,
  createCarrier: createTwilio,
  carrierCallId: 'CA1',
  streamId: 'MZ1'
})

itIsAMediaTransport('a test call in Telnyx’s dialect', {
  attach: attachTelnyx,
  createCarrier: () => createPhone('telnyx'),
  carrierCallId: 'call-1',
  streamId: 'phone-1'
})

itIsAMediaTransport('a test call in Twilio’s dialect', {
  attach: attachTwilio,
  createCarrier: () => createPhone('twilio'),
  carrierCallId: 'call-1',
  streamId: 'phone-1'
})
