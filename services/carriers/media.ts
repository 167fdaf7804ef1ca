import type { AudioFormat } from '../../audio/format.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { MediaTransport } from '../../sessions/contracts/media-transport.ts'
import type { SocketLike } from './socket-like.ts'
import { TelnyxMediaTransport } from './telnyx/telnyx-media-transport.ts'

/** Makes the transport of a media socket that speaks Telnyx's dialect. */
export function createTelnyxMedia(options: {
  clock: Clock
  l16ByteOrder: 'auto' | 'le' | 'be'
  idleTimeoutMs: number
}): (socket: SocketLike, outboundFormat: AudioFormat) => MediaTransport {
  return (socket, outboundFormat) => new TelnyxMediaTransport({ ...options, socket, outboundFormat })
}
