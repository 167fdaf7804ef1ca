/**
 * The frames of Twilio Media Streams (twilio.com/docs/voice/media-streams/websocket-messages): JSON text, camelCase;
 * sequence numbers, chunks and timestamps are strings, those of mediaFormat are numbers.
 */
export interface StreamIdentity {
  readonly accountSid: string
  readonly callSid: string
  readonly streamSid: string
  readonly customParameters: Readonly<Record<string, string>>
}

export type ServerFrame =
  | { readonly event: 'media'; readonly payload: Buffer }
  | { readonly event: 'mark'; readonly name: string }
  | { readonly event: 'clear' }

/** 31951: "Stream - Protocol - Invalid Message". Twilio ignores such a frame and writes it into its debugger. */
export class FrameFault extends Error {
  readonly code = 31951

  constructor(message: string) {
    super(message)
    this.name = 'FrameFault'
  }
}

export interface MediaFormat {
  readonly encoding: string
  readonly sampleRate: number
}

export const MULAW: MediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000 }

export const connectedFrame = JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' })

export function startFrame(identity: StreamIdentity, sequence: number, format = MULAW): string {
  const { accountSid, callSid, streamSid, customParameters } = identity
  const mediaFormat = { ...format, channels: 1 }
  return JSON.stringify({
    event: 'start',
    sequenceNumber: String(sequence),
    start: { accountSid, streamSid, callSid, tracks: ['inbound'], mediaFormat, customParameters },
    streamSid
  })
}

/** Written by hand: it is sent 50 times a second for every call. No field needs escaping. `timestamp` is in ms. */
export function mediaFrame(media: {
  streamSid: string
  sequence: number
  chunk: number
  timestampMs: number
  payload: string
}): string {
  return (
    `{"event":"media","sequenceNumber":"${media.sequence}","media":{"track":"inbound","chunk":"${media.chunk}",` +
    `"timestamp":"${media.timestampMs}","payload":"${media.payload}"},"streamSid":"${media.streamSid}"}`
  )
}

export function dtmfFrame(streamSid: string, sequence: number, digit: string): string {
  const dtmf = { track: 'inbound_track', digit }
  return JSON.stringify({ event: 'dtmf', streamSid, sequenceNumber: String(sequence), dtmf })
}

export function markFrame(streamSid: string, sequence: number, name: string): string {
  return JSON.stringify({ event: 'mark', sequenceNumber: String(sequence), streamSid, mark: { name } })
}

export function stopFrame({ accountSid, callSid, streamSid }: StreamIdentity, sequence: number): string {
  const stop = { accountSid, callSid }
  return JSON.stringify({ event: 'stop', sequenceNumber: String(sequence), stop, streamSid })
}

/** @throws FrameFault where Twilio would ignore the frame. */
export function parseServerFrame(text: string, streamSid: string): ServerFrame {
  const frame = parseObject(text)
  if (frame.streamSid !== streamSid) throw new FrameFault('streamSid is not that of the stream')
  const { event, media, mark } = frame
  if (event === 'clear') return { event }
  if (event === 'mark') {
    if (!isRecord(mark) || typeof mark.name !== 'string') throw new FrameFault('mark.name must be a string')
    return { event, name: mark.name }
  }
  if (event !== 'media') throw new FrameFault(`unknown event ${JSON.stringify(event)}`)
  const payload = isRecord(media) ? media.payload : undefined
  if (typeof payload !== 'string' || payload.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(payload))
    throw new FrameFault('media.payload must be base64')
  return { event, payload: Buffer.from(payload, 'base64') }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const frame: unknown = JSON.parse(text)
    if (isRecord(frame)) return frame
  } catch {
    // Ignored like any other frame that is not an object.
  }
  throw new FrameFault('not a JSON object')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
