import type { AudioFormat } from '../../audio/format.ts'
import type { TwilioFrame } from '../../services/carriers/twilio/twilio-messages.ts'
import { parseJsonFrame } from '../../services/sockets/json-frame.ts'
import type { Dialect, ServerFrame, StreamIdentity } from './dialect.ts'

/**
 * Twilio's end of a media stream: JSON text in camelCase, sequence numbers, chunks and timestamps as strings
 * (twilio.com/docs/voice/media-streams/websocket-messages). Media is stamped in milliseconds; the token comes with
 * `start`, and every frame of the server's names the stream.
 */
export class TwilioDialect implements Dialect {
  readonly headers = {}
  readonly #identity: StreamIdentity
  #sequence = 0
  #chunk = 0
  #samples = 0
  #samplesPerMs = 8

  constructor(identity: StreamIdentity) {
    this.#identity = identity
  }

  connected(): string {
    return JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' })
  }

  start({ sampleRate }: AudioFormat): string {
    const { callId, streamId, token } = this.#identity
    this.#samplesPerMs = sampleRate / 1000
    return this.#frame('start', {
      start: {
        streamSid: streamId,
        callSid: callId,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate, channels: 1 },
        customParameters: { token }
      }
    })
  }

  media(payload: Uint8Array, samples: number): string {
    const timestampMs = Math.round(this.#samples / this.#samplesPerMs)
    this.#samples += samples
    return this.#frame('media', {
      media: {
        track: 'inbound',
        chunk: String(++this.#chunk),
        timestamp: String(timestampMs),
        payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64')
      }
    })
  }

  mark(name: string): string {
    return this.#frame('mark', { mark: { name } })
  }

  dtmf(digit: string): string {
    return this.#frame('dtmf', { dtmf: { track: 'inbound_track', digit } })
  }

  stop(): string {
    return this.#frame('stop', { stop: { callSid: this.#identity.callId } })
  }

  parse(text: string): ServerFrame | null {
    const frame = parseJsonFrame<TwilioFrame>(text)
    if (frame?.streamSid !== this.#identity.streamId) return null
    if (frame.event === 'clear') return { event: 'clear' }
    if (frame.event === 'mark' && typeof frame.mark?.name === 'string') {
      return { event: 'mark', name: frame.mark.name }
    }
    if (frame.event === 'media' && typeof frame.media?.payload === 'string') {
      return { event: 'media', payload: Buffer.from(frame.media.payload, 'base64') }
    }
    return null
  }

  #frame(event: string, body: Readonly<Record<string, unknown>>): string {
    const { streamId: streamSid } = this.#identity
    return JSON.stringify({ event, sequenceNumber: String(++this.#sequence), streamSid, ...body })
  }
}
