/**
 * The frames of Telnyx media streaming (developers.telnyx.com, "Media Streaming over WebSockets"): JSON text,
 * snake_case; sequence numbers, chunks and timestamps are strings, media_format and error codes are numbers.
 */
import type { WireFormat } from './wire-codec.ts'

export const STREAM_AUTH_HEADER = 'x-telnyx-streaming-auth-token'

/** Audio that one `media` message may hold, in ms. */
export const SHORTEST_MESSAGE_MS = 20
export const LONGEST_MESSAGE_MS = 30_000

export type Track = 'inbound' | 'outbound'

export type ServerFrame =
  | { event: 'media'; payload: Buffer }
  | { event: 'mark'; name: string }
  | { event: 'clear' }

/** A frame of the server that Telnyx answers with an `error` frame. */
export class FrameFault extends Error {
  readonly code: number
  readonly title: string

  constructor(code: 100_003 | 100_004, detail: string) {
    super(detail)
    this.name = 'FrameFault'
    this.code = code
    this.title = code === 100_003 ? 'malformed_frame' : 'invalid_media'
  }
}

export interface StreamIdentity {
  readonly streamId: string
  readonly userId: string
  readonly callControlId: string
  readonly callSessionId: string
  readonly from: string
  readonly to: string
  readonly clientState: string | null
  readonly customParameters: Readonly<Record<string, string>>
}

/** Telnyx may repeat the stream's token in here. */
export function connectedFrame(token: string | null): string {
  if (token === null) return JSON.stringify({ event: 'connected', version: '1.0.0' })
  const connected = { [STREAM_AUTH_HEADER]: token }
  return JSON.stringify({ protocol: 'Call', version: '1.0.0', event: 'connected', connected })
}

export function startFrame(identity: StreamIdentity, format: WireFormat, sequence: number): string {
  return JSON.stringify({
    event: 'start',
    sequence_number: String(sequence),
    stream_id: identity.streamId,
    start: {
      user_id: identity.userId,
      call_control_id: identity.callControlId,
      call_session_id: identity.callSessionId,
      from: identity.from,
      to: identity.to,
      tags: [],
      client_state: identity.clientState,
      custom_parameters: identity.customParameters,
      media_format: { encoding: format.encoding, sample_rate: format.sampleRateHz, channels: 1 }
    }
  })
}

/** Written by hand: it is sent 50 times a second for every call. No field needs escaping. */
export function mediaFrame(media: {
  streamId: string
  sequence: number
  track: Track
  chunk: number
  timestamp: number
  payload: string
}): string {
  return (
    `{"event":"media","sequence_number":"${media.sequence}","stream_id":"${media.streamId}",` +
    `"media":{"track":"${media.track}","chunk":"${media.chunk}","timestamp":"${media.timestamp}",` +
    `"payload":"${media.payload}"}}`
  )
}

export function dtmfFrame(streamId: string, sequence: number, digit: string): string {
  const occurredAt = new Date().toISOString()
  return JSON.stringify({
    event: 'dtmf',
    stream_id: streamId,
    occurred_at: occurredAt,
    sequence_number: String(sequence),
    dtmf: { digit }
  })
}

export function markFrame(streamId: string, sequence: number, name: string): string {
  return JSON.stringify({
    event: 'mark',
    sequence_number: String(sequence),
    stream_id: streamId,
    mark: { name }
  })
}

export function stopFrame(identity: StreamIdentity, sequence: number): string {
  return JSON.stringify({
    event: 'stop',
    sequence_number: String(sequence),
    stream_id: identity.streamId,
    stop: { user_id: identity.userId, call_control_id: identity.callControlId }
  })
}

export function errorFrame(streamId: string, fault: FrameFault): string {
  const payload = { code: fault.code, title: fault.title, detail: fault.message }
  return JSON.stringify({ event: 'error', stream_id: streamId, payload })
}

/** Throws FrameFault where Telnyx would answer with an `error` frame. */
export function parseServerFrame(text: string): ServerFrame {
  const frame = parseObject(text)
  switch (frame.event) {
    case 'media':
      return { event: 'media', payload: parsePayload(frame.media) }
    case 'mark': {
      const name = isRecord(frame.mark) ? frame.mark.name : undefined
      if (typeof name !== 'string') throw new FrameFault(100_003, 'mark.name must be a string')
      return { event: 'mark', name }
    }
    case 'clear':
      return { event: 'clear' }
    default:
      throw new FrameFault(100_003, `unknown event ${JSON.stringify(frame.event)}`)
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const frame: unknown = JSON.parse(text)
    if (isRecord(frame)) return frame
  } catch {
    // Answered like any other frame that is not an object.
  }
  throw new FrameFault(100_003, 'not a JSON object')
}

function parsePayload(media: unknown): Buffer {
  const payload = isRecord(media) ? media.payload : undefined
  if (typeof payload !== 'string') throw new FrameFault(100_003, 'media.payload must be a string')
  if (payload.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) {
    throw new FrameFault(100_004, 'media.payload is not base64')
  }
  return Buffer.from(payload, 'base64')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
