/**
 * The carrier's end of Telnyx's media-stream dialect: JSON text in snake_case, sequence numbers, chunks and timestamps
 * as strings (developers.telnyx.com, "Media streaming over WebSockets").
 */
import { parseJsonFrame } from '../../services/carriers/json-frame.ts'
import type { TelnyxFrame } from '../../services/carriers/telnyx/telnyx-messages.ts'

/** What the server tells the carrier. */
export type ServerFrame =
  | { readonly event: 'media'; readonly payload: Buffer }
  | { readonly event: 'mark'; readonly name: string }
  | { readonly event: 'clear' }

/** null where a frame is none of the three that a server may send. */
export function parseServerFrame(text: string): ServerFrame | null {
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

/** Writes the frames of one stream: numbers them, and stamps media in samples, as RTP does. */
export class FrameWriter {
  readonly #streamId: string
  readonly #callId: string
  #sequence = 0
  #chunk = 0
  #timestamp = 0

  constructor(options: { streamId: string; callId: string }) {
    this.#streamId = options.streamId
    this.#callId = options.callId
  }

  connected(): string {
    return JSON.stringify({ event: 'connected', version: '1.0.0' })
  }

  start(media: { encoding: string; sampleRate: number }): string {
    return this.#frame('start', {
      start: {
        call_control_id: this.#callId,
        media_format: { encoding: media.encoding, sample_rate: media.sampleRate, channels: 1 }
      }
    })
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
    return this.#frame('stop', { stop: { call_control_id: this.#callId } })
  }

  #frame(event: string, body: Readonly<Record<string, unknown>>): string {
    return JSON.stringify({
      event,
      sequence_number: String(++this.#sequence),
      stream_id: this.#streamId,
      ...body
    })
  }
}
