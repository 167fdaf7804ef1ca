import { type AudioFormat, PCM16_8K, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../audio/format.ts'

/**
 * Telnyx's media-stream dialect: JSON text frames in snake_case, numbers as strings
 * (developers.telnyx.com, "Media streaming over WebSockets").
 */
export interface TelnyxStart {
  readonly call_control_id?: unknown
  readonly media_format?: { readonly encoding?: unknown; readonly sample_rate?: unknown }
}

export interface TelnyxFrame {
  readonly event?: unknown
  readonly stream_id?: unknown
  readonly start?: TelnyxStart
  readonly media?: { readonly track?: unknown; readonly chunk?: unknown; readonly payload?: unknown }
  readonly mark?: { readonly name?: unknown }
  readonly dtmf?: { readonly digit?: unknown }
  readonly payload?: { readonly code?: unknown }
}

/** Of all calls: each frame looks at its format. */
const FORMATS = new Map<string, AudioFormat>([
  ['PCMU/8000', PCMU_8K],
  ['PCMA/8000', PCMA_8K],
  ['L16/8000', PCM16_8K],
  ['L16/16000', PCM16_16K],
  ['L16/24000', PCM16_24K]
])

/** The format that a `start` announces; null for an encoding or rate that Offhook does not speak. */
export function announcedFormat(start: TelnyxStart): AudioFormat | null {
  const encoding = String(start.media_format?.encoding ?? '').toUpperCase()
  const sampleRate = Number(start.media_format?.sample_rate)
  return FORMATS.get(`${encoding}/${sampleRate}`) ?? null
}

/** "G722/8000", of whatever was announced. */
export function announcedName({ media_format: format }: TelnyxStart): string {
  return `${String(format?.encoding ?? 'nothing').slice(0, 20)}/${String(format?.sample_rate ?? '').slice(0, 10)}`
}

/** Base64 needs no escaping, so the frame is put together as text: it is made 50 times a second in every call. */
export function mediaFrame(payload: Buffer): string {
  return `{"event":"media","media":{"payload":"${payload.toString('base64')}"}}`
}

export function markFrame(name: string): string {
  return JSON.stringify({ event: 'mark', mark: { name } })
}

export const CLEAR_FRAME = '{"event":"clear"}'

/** `PCMU`, `PCMA` or `L16`, as Telnyx's parameters name it. */
export function telnyxCodec(format: AudioFormat): 'PCMU' | 'PCMA' | 'L16' {
  return format.encoding === 'pcm16' ? 'L16' : format.encoding === 'pcma' ? 'PCMA' : 'PCMU'
}
