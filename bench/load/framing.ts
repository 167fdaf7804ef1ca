import * as telnyx from '../../test/standins/telnyx/stream-frames.ts'
import { signatureOf } from '../../test/standins/twilio/signed-webhooks.ts'
import * as twilio from '../../test/standins/twilio/stream-frames.ts'
import { FRAME_MS, type LoadAudio } from './load-shape.ts'

export type FramingName = 'telnyx' | 'twilio'

/** The frames of a carrier's media stream, as a load needs them. */
export interface Framing {
  /** Of the handshake with this address. */
  headers(url: string): Record<string, string>
  readonly connected: string
  /** `parameters`: what the server asked to have sent along. */
  start(audio: LoadAudio, parameters: Readonly<Record<string, string>>): string
  /** `number`: of the frame, from 0. */
  media(number: number, payload: string): string
  mark(name: string): string
}

/** Account that the load's calls at Twilio are of, and what its webhooks are signed with. */
export const TWILIO_ACCOUNT = { sid: `AC${'0'.repeat(32)}`, authToken: 'the token of the benchmark' }

export function framingOf(name: FramingName, callId: string, streamId: string): Framing {
  return name === 'telnyx' ? telnyxFraming(callId, streamId) : twilioFraming(callId, streamId)
}

function telnyxFraming(callControlId: string, streamId: string): Framing {
  const identity = { streamId, userId: '', callControlId, callSessionId: '' }
  const caller = { from: '+13125550100', to: '+13125550199', clientState: null }
  return {
    headers: () => ({}),
    connected: telnyx.connectedFrame(null),
    start({ carrierFormat: { encoding, sampleRate } }, customParameters) {
      const format = {
        encoding: encoding === 'pcm16' ? ('L16' as const) : ('PCMU' as const),
        sampleRateHz: sampleRate,
        byteOrder: 'le' as const
      }
      return telnyx.startFrame({ ...identity, ...caller, customParameters }, format, 1)
    },
    media: (number, payload) =>
      telnyx.mediaFrame({
        ...{ streamId, sequence: number + 2, track: 'inbound', chunk: number + 1 },
        ...{ timestamp: number * FRAME_MS, payload }
      }),
    mark: (name) => telnyx.markFrame(streamId, 0, name)
  }
}

function twilioFraming(callSid: string, streamSid: string): Framing {
  const identity = { accountSid: TWILIO_ACCOUNT.sid, callSid, streamSid }
  return {
    // Over what the address is in public, whatever leads there.
    headers: (url) => ({
      'x-twilio-signature': signatureOf(TWILIO_ACCOUNT.authToken, url.replace(/^ws:/, 'wss:'), {})
    }),
    connected: twilio.connectedFrame,
    start: (_, customParameters) => twilio.startFrame({ ...identity, customParameters }, 1),
    media: (number, payload) =>
      twilio.mediaFrame({
        ...{ streamSid, sequence: number + 2, chunk: number + 1 },
        ...{ timestampMs: number * FRAME_MS, payload }
      }),
    mark: (name) => twilio.markFrame(streamSid, 0, name)
  }
}
