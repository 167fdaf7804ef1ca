import type { AudioFormat } from '../../audio/format.ts'
import type { ByteOrder } from '../../audio/l16-byte-order.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { MediaTransport } from '../../sessions/contracts/media-transport.ts'
import type { SocketLike } from './socket-like.ts'
import { type PresumedByteOrder, TelnyxMediaTransport } from './telnyx/telnyx-media-transport.ts'
import { TwilioMediaTransport, type TwilioMediaTransportOptions } from './twilio/twilio-media-transport.ts'

/** Little-endian is what Telnyx has been seen to send; RFC 3551 would have it otherwise. */
export function presumeByteOrder(): PresumedByteOrder {
  return { current: 'le', known: false }
}

/** Makes the transport of a media socket that speaks Telnyx's dialect; `clock` where a call has one of its own. */
export function createTelnyxMedia(options: {
  clock: Clock
  l16ByteOrder: ByteOrder | 'auto'
  presumedByteOrder?: PresumedByteOrder
  idleTimeoutMs: number
}): (socket: SocketLike, outboundFormat: AudioFormat, clock?: Clock) => MediaTransport {
  const presumedByteOrder = options.presumedByteOrder ?? presumeByteOrder()
  return (socket, outboundFormat, clock = options.clock) =>
    new TelnyxMediaTransport({ ...options, clock, presumedByteOrder, socket, outboundFormat })
}

/** Makes the transport of a media socket that speaks Twilio's dialect; its token comes with `start`. */
export function createTwilioMedia(options: {
  clock: Clock
  idleTimeoutMs: number
}): (socket: SocketLike, admit: TwilioMediaTransportOptions['admit'], clock?: Clock) => MediaTransport {
  return (socket, admit, clock = options.clock) =>
    new TwilioMediaTransport({ ...options, clock, socket, admit })
}
