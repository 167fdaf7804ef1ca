import type { AudioFormat } from '../../audio/format.ts'
import type { ByteOrder } from '../../audio/l16-byte-order.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { MediaTransport } from '../../sessions/contracts/media-transport.ts'
import type { SocketLike } from './socket-like.ts'
import { TelnyxMediaTransport } from './telnyx/telnyx-media-transport.ts'
import { TwilioMediaTransport, type TwilioMediaTransportOptions } from './twilio/twilio-media-transport.ts'

/** Makes the transport of a media socket that speaks Telnyx's dialect. */
export function createTelnyxMedia(options: {
  clock: Clock
  l16ByteOrder: ByteOrder | 'auto'
  idleTimeoutMs: number
}): (socket: SocketLike, outboundFormat: AudioFormat) => MediaTransport {
  // Little-endian is what Telnyx has been seen to send; RFC 3551 would have it otherwise.
  const presumedByteOrder: { current: ByteOrder; known: boolean } = { current: 'le', known: false }
  return (socket, outboundFormat) =>
    new TelnyxMediaTransport({ ...options, presumedByteOrder, socket, outboundFormat })
}

/** Makes the transport of a media socket that speaks Twilio's dialect; its token comes with `start`. */
export function createTwilioMedia(options: {
  clock: Clock
  idleTimeoutMs: number
}): (socket: SocketLike, admit: TwilioMediaTransportOptions['admit']) => MediaTransport {
  return (socket, admit) => new TwilioMediaTransport({ ...options, socket, admit })
}
