import type { AudioFormat } from '../../audio/format.ts'
import { type TelnyxFrame, telnyxCodec } from '../../services/carriers/telnyx/telnyx-messages.ts'
import { parseJsonFrame } from '../../services/sockets/json-frame.ts'
import type { Dialect, ServerFrame, StreamIdentity } from './dialect.ts'

/**
 * Telnyx's end of a media stream: JSON text in snake_case, sequence numbers, chunks and timestamps as strings
 * (developers.telnyx.com, "Media streaming over WebSockets"). Media is stamped in samples, as RTP does.
 */
export class TelnyxDialect implements Dialect {
  readonly headers: Readonly<Record<string, string>>
  readonly #identity: StreamIdentity
  #sequence = 0
  #chunk = 0
  #timestamp = 0

  constructor(identity: StreamIdentity) {
    this.#identity = identity
    this.headers = { 'x-telnyx-streaming-auth-token': identity.token }
  }

  connected(): string {
    return JSON.stringify({ event: 'connected', version: '1.0.0' })
  }

  start(format: AudioFormat): string {
    const media_format = { encoding: telnyxCodec(format), sample_rate: format.sampleRate, channels: 1 }
    return this.#frame('start', { start: { call_control_id: this.#identity.callId, media_format } })
  }

  media(payload: Uint8Array, samples: number): string {
    const timestamp = this.#timestamp
    this.#timestamp += samples
    return this.#frame('media', {
      media: {
        track: 'inbound',
        chunk: String(++this.#chunk),
        timestamp: String(timestamp),
        payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64')
      }
    })
  }

  mark(name: string): string {
    return this.#frame('mark', { mark: { name } })
  }

  dtmf(digit: string, occurredAt: number): string {
    return this.#frame('dtmf', { occurred_at: new Date(occurredAt).toISOString(), dtmf: { digit } })
  }

  stop(): string {
    return this.#frame('stop', { stop: { call_control_id: this.#identity.callId } })
  }

  parse(text: string): ServerFrame | null {
    const frame = parseJsonFrame<TelnyxFrame>(text)
    if (frame?.event === 'clear') return { event: 'clear' }
    if (frame?.event === 'mark' && typeof frame.mark?.name === 'string') {
      return { event: 'mark', name: frame.mark.name }
    }
    if (frame?.event === 'media' && typeof frame.media?.payload === 'string') {
      return { event: 'media', payload: Buffer.from(frame.media.payload, 'base64') }
    }
    return null
  }

  #frame(event: string, body: Readonly<Record<string, unknown>>): string {
    return JSON.stringify({
      event,
      sequence_number: String(++this.#sequence),
      stream_id: this.#identity.streamId,
      ...body
    })
  }
}
