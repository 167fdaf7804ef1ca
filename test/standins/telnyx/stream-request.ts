import type { CommandBody } from './command-validator.ts'
import type { Track } from './stream-frames.ts'
import type { WireFormat } from './wire-codec.ts'

const SPOKEN_CODECS = ['PCMU', 'PCMA', 'L16']

/** What a `streaming_start` (or `answer`, `dial`) asks for, with Telnyx's defaults filled in. */
export interface StreamRequest {
  readonly url: string
  readonly token: string | null
  readonly track: 'inbound_track' | 'outbound_track' | 'both_tracks'
  readonly tracks: readonly Track[]
  readonly inbound: WireFormat
  readonly outbound: WireFormat
  readonly mode: 'rtp' | 'mp3'
  readonly targetLegs: 'self' | 'opposite' | 'both'
  readonly customParameters: Readonly<Record<string, string>>
  /** A codec that Telnyx speaks and this stand-in does not: G722, OPUS, AMR-WB. Then the formats are not true. */
  readonly unsupported: string | null
}

export interface LineFormat {
  /** Codec that the call negotiated: PCMU in the Americas, PCMA elsewhere. */
  readonly callCodec: 'PCMU' | 'PCMA'
  /** Of L16, both ways. Telnyx documents none; little-endian was seen in the field. */
  readonly byteOrder: 'le' | 'be'
  /** Announced and sent instead of the codec asked for, as when Telnyx cannot transcode. */
  readonly inboundInstead: Pick<WireFormat, 'encoding' | 'sampleRateHz'> | null
}

export function readStreamRequest(body: CommandBody, line: LineFormat): StreamRequest {
  const sampleRateHz = numberOr(body.stream_bidirectional_sampling_rate, 8000)
  const asked = stringOr(body.stream_codec, 'default')
  const inboundCodec = asked === 'default' ? line.callCodec : asked
  const outboundCodec = stringOr(body.stream_bidirectional_codec, 'PCMU')
  const unsupported = [inboundCodec, outboundCodec].find((codec) => !SPOKEN_CODECS.includes(codec))
  const inbound = wireFormat(inboundCodec, sampleRateHz, line.byteOrder)
  const track = stringOr(body.stream_track, 'inbound_track') as StreamRequest['track']
  return {
    url: stringOr(body.stream_url, ''),
    token: typeof body.stream_auth_token === 'string' ? body.stream_auth_token : null,
    track,
    tracks: tracksOf(track),
    inbound: line.inboundInstead ? { ...line.inboundInstead, byteOrder: line.byteOrder } : inbound,
    outbound: wireFormat(outboundCodec, sampleRateHz, line.byteOrder),
    mode: body.stream_bidirectional_mode === 'rtp' ? 'rtp' : 'mp3',
    targetLegs: stringOr(body.stream_bidirectional_target_legs, 'opposite') as StreamRequest['targetLegs'],
    customParameters: customParameters(body.custom_parameters),
    unsupported: unsupported ? `The stand-in does not speak ${unsupported}.` : null
  }
}

/** G.711 is 8 kHz whatever rate is asked for. */
function wireFormat(codec: string, sampleRateHz: number, byteOrder: 'le' | 'be'): WireFormat {
  if (codec === 'L16') return { encoding: 'L16', sampleRateHz, byteOrder }
  return { encoding: codec === 'PCMA' ? 'PCMA' : 'PCMU', sampleRateHz: 8000, byteOrder }
}

function tracksOf(track: StreamRequest['track']): readonly Track[] {
  if (track === 'both_tracks') return ['inbound', 'outbound']
  return [track === 'outbound_track' ? 'outbound' : 'inbound']
}

/** A list of `{name, value}` in the request, an object in `start`. */
function customParameters(list: unknown): Record<string, string> {
  if (!Array.isArray(list)) return {}
  return Object.fromEntries(list.map(({ name, value }: { name: string; value: string }) => [name, value]))
}

function stringOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback
}
