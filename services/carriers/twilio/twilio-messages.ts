import { type AudioFormat, PCMU_8K } from '../../../audio/format.ts'

/**
 * Twilio's media-stream dialect: JSON text frames in camelCase, numbers as strings but for those of `mediaFormat`
 * (twilio.com/docs/voice/media-streams/websocket-messages).
 */
export interface TwilioStart {
  readonly callSid?: unknown
  readonly mediaFormat?: { readonly encoding?: unknown; readonly sampleRate?: unknown }
  readonly customParameters?: { readonly token?: unknown }
}

export interface TwilioFrame {
  readonly event?: unknown
  readonly streamSid?: unknown
  readonly start?: TwilioStart
  readonly media?: { readonly track?: unknown; readonly payload?: unknown }
  readonly mark?: { readonly name?: unknown }
  readonly dtmf?: { readonly digit?: unknown }
}

/** The format that a `start` announces; null for any but G.711 mu-law at 8 kHz, the only one that Twilio documents. */
export function announcedFormat({ mediaFormat }: TwilioStart): AudioFormat | null {
  const mulaw = String(mediaFormat?.encoding).toLowerCase() === 'audio/x-mulaw'
  return mulaw && Number(mediaFormat?.sampleRate) === 8000 ? PCMU_8K : null
}

/** Writes the frames of one stream: Twilio takes none without the stream's own `streamSid`. */
export interface TwilioFrames {
  media(payload: Buffer): string
  mark(name: string): string
  clear(): string
}

export function createFrames(streamSid: string): TwilioFrames {
  const sid = JSON.stringify(streamSid)
  const mediaHead = `{"event":"media","streamSid":${sid},"media":{"payload":"`
  const clearFrame = `{"event":"clear","streamSid":${sid}}`
  return {
    // Base64 needs no escaping, so this frame is put together as text: it is made 50 times a second in every call.
    media: (payload) => `${mediaHead}${payload.toString('base64')}"}}`,
    mark: (name) => JSON.stringify({ event: 'mark', streamSid, mark: { name } }),
    clear: () => clearFrame
  }
}
