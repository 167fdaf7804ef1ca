import { createTranscoder } from '../../../audio/transcoder.ts'
import { sine } from '../../support/tone.ts'
import { createWireCodec, type WireCodec } from '../telnyx/wire-codec.ts'
import { SCRIPT_RATE_HZ, type ScriptedReply, wordTones } from './script.ts'

/** `audio.input.format` and `audio.output.format` of a session. */
export interface SessionFormat {
  readonly type?: 'audio/pcm' | 'audio/pcmu' | 'audio/pcma'
  readonly rate?: number
}

/** PCM16 little-endian at 24 kHz, or G.711 at 8 kHz. */
export function codecOf(format: SessionFormat): WireCodec {
  if (format.type === 'audio/pcmu' || format.type === 'audio/pcma') {
    const encoding = format.type === 'audio/pcmu' ? 'PCMU' : 'PCMA'
    return createWireCodec({ encoding, sampleRateHz: 8000, byteOrder: 'le' })
  }
  return createWireCodec({ encoding: 'L16', sampleRateHz: 24_000, byteOrder: 'le' })
}

export function bytesPerMs(codec: WireCodec): number {
  return (codec.bytesPerSample * codec.format.sampleRateHz) / 1000
}

/** A reply's audio in the session's output format; empty for one that does not speak. */
export function encodeReply(reply: ScriptedReply, codec: WireCodec): Buffer {
  const { audio, transcript } = reply
  const sampleRate = codec.format.sampleRateHz
  if (Buffer.isBuffer(audio)) return audio
  if (audio && !(audio instanceof Int16Array)) {
    return codec.encode(sine({ frequencyHz: audio.toneHz, sampleRate, ms: audio.ms }))
  }
  const samples = audio ?? wordTones(transcript ?? '')
  return codec.encode(sampleRate === SCRIPT_RATE_HZ ? samples : to8k(samples))
}

function to8k(samples: Int16Array): Int16Array {
  const transcoder = createTranscoder(
    { encoding: 'pcm16', sampleRate: SCRIPT_RATE_HZ },
    { encoding: 'pcm16', sampleRate: 8000 }
  )
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  const pieces = [Uint8Array.from(transcoder.push(bytes)), Uint8Array.from(transcoder.flush())]
  const whole = Uint8Array.from(Buffer.concat(pieces))
  return new Int16Array(whole.buffer, 0, whole.byteLength >> 1)
}
