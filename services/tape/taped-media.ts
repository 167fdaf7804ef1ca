import type { AudioFormat } from '../../audio/format.ts'
import type { ByteOrder } from '../../audio/l16-byte-order.ts'
import type { CallTape } from '../../sessions/contracts/call-tape.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { MediaTransport } from '../../sessions/contracts/media-transport.ts'
import { createTelnyxMedia, createTwilioMedia, presumeByteOrder } from '../carriers/media.ts'
import type { SocketLike } from '../carriers/socket-like.ts'
import type { TwilioMediaTransportOptions } from '../carriers/twilio/twilio-media-transport.ts'
import { TapedSocket } from './taped-socket.ts'

/** Of a call, as far as its media is concerned. */
export interface MediaCall {
  readonly streamFormat: AudioFormat
  /** null: not recorded. */
  readonly tape: CallTape | null
}

export interface MediaFactory {
  /** The transport of a socket that speaks Telnyx's dialect. */
  telnyx(socket: SocketLike, call: MediaCall): MediaTransport
  /** The same in Twilio's; its token comes with `start`. */
  twilio(socket: SocketLike, call: MediaCall, admit: TwilioMediaTransportOptions['admit']): MediaTransport
}

/** Makes the media transport of each call, with a tape running where the call has one. */
export function createMediaFactory(options: {
  clock: Clock
  l16ByteOrder: ByteOrder | 'auto'
  idleTimeoutMs: number
}): MediaFactory {
  const { l16ByteOrder, idleTimeoutMs } = options
  const presumedByteOrder = presumeByteOrder()
  const telnyx = createTelnyxMedia({ ...options, presumedByteOrder })
  const twilio = createTwilioMedia(options)
  return {
    telnyx(socket, { streamFormat, tape }) {
      if (!tape) return telnyx(socket, streamFormat)
      const setup = { dialect: 'telnyx', idleTimeoutMs, l16ByteOrder, presumedByteOrder } as const
      return telnyx(new TapedSocket(socket, tape, setup), streamFormat, tape.clock)
    },
    twilio(socket, { tape }, admit) {
      if (!tape) return twilio(socket, admit)
      const taped = new TapedSocket(socket, tape, { dialect: 'twilio', idleTimeoutMs })
      const admitTaped: typeof admit = async (stream) => {
        const admitted = await admit(stream)
        if (!admitted) taped.wire.state({ refused: true })
        return admitted
      }
      return twilio(taped, admitTaped, tape.clock)
    }
  }
}
