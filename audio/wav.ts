export interface WavLayout {
  /** Hz. */
  readonly sampleRate: number
  readonly channels: number
  /** Size of the samples that follow the header. */
  readonly dataBytes: number
}

export const WAV_HEADER_BYTES = 44

const BYTES_PER_SAMPLE = 2

/**
 * The canonical RIFF/WAVE header (Microsoft and IBM, Multimedia Programming Interface 1.0, 1991) of interleaved 16-bit
 * little-endian PCM. Throws a RangeError where the data is too long for its 32-bit size field.
 */
export function wavHeader({ sampleRate, channels, dataBytes }: WavLayout): Uint8Array {
  const riffBytes = WAV_HEADER_BYTES - 8 + dataBytes
  if (riffBytes > 0xffff_ffff) throw new RangeError('A WAV file holds at most 4 GiB')
  const header = new Uint8Array(WAV_HEADER_BYTES)
  const view = new DataView(header.buffer)
  const frameBytes = channels * BYTES_PER_SAMPLE
  writeAscii(header, 0, 'RIFF')
  view.setUint32(4, riffBytes, true)
  writeAscii(header, 8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * frameBytes, true)
  view.setUint16(32, frameBytes, true)
  view.setUint16(34, BYTES_PER_SAMPLE * 8, true)
  writeAscii(header, 36, 'data')
  view.setUint32(40, dataBytes, true)
  return header
}

function writeAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}
