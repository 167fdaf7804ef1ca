/**
 * ITU-T G.711 mu-law and A-law by table lookup.
 *
 * The tables are computed from the reference algorithm of ITU-T G.191 (Software Tool Library, module G.711), so that
 * every code decodes to, and every 16-bit sample encodes to, exactly what the reference gives. The reference drops
 * the low bits of a sample (14 bits are left for mu-law, 12 for A-law), and so the encode tables need no entry for
 * them: at 16 and 4 KiB they stay in the first-level cache.
 */
export type G711Law = 'pcmu' | 'pcma'

const MULAW_DROPPED_BITS = 2
const ALAW_DROPPED_BITS = 4

/** 16-bit sample of each code. */
export const MULAW_TO_LINEAR: Int16Array = decodeTable(expandMulaw)
export const ALAW_TO_LINEAR: Int16Array = decodeTable(expandAlaw)

const LINEAR_TO_MULAW = encodeTable(compressMulaw, MULAW_DROPPED_BITS)
const LINEAR_TO_ALAW = encodeTable(compressAlaw, ALAW_DROPPED_BITS)

/** The code in the other law that a linear decode and encode would give. */
export const MULAW_TO_ALAW: Uint8Array = Uint8Array.from(MULAW_TO_LINEAR, encodeAlawSample)
export const ALAW_TO_MULAW: Uint8Array = Uint8Array.from(ALAW_TO_LINEAR, encodeMulawSample)

/** Code (0-255) of a 16-bit sample. */
export function encodeMulawSample(sample: number): number {
  return LINEAR_TO_MULAW[(sample >> MULAW_DROPPED_BITS) + (LINEAR_TO_MULAW.length >> 1)]
}

/** Code (0-255) of a 16-bit sample. */
export function encodeAlawSample(sample: number): number {
  return LINEAR_TO_ALAW[(sample >> ALAW_DROPPED_BITS) + (LINEAR_TO_ALAW.length >> 1)]
}

/** Decodes every code into `samples`, which must be at least as long. */
export function decodeG711(law: G711Law, codes: Uint8Array, samples: Int16Array): void {
  const table = law === 'pcmu' ? MULAW_TO_LINEAR : ALAW_TO_LINEAR
  for (let i = 0; i < codes.length; i++) samples[i] = table[codes[i]]
}

/** Encodes every sample into `codes`, which must be at least as long. */
export function encodeG711(law: G711Law, samples: Int16Array, codes: Uint8Array): void {
  if (law === 'pcmu') for (let i = 0; i < samples.length; i++) codes[i] = encodeMulawSample(samples[i])
  else for (let i = 0; i < samples.length; i++) codes[i] = encodeAlawSample(samples[i])
}

function decodeTable(expand: (code: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, code) => expand(code))
}

function encodeTable(compress: (sample: number) => number, droppedBits: number): Uint8Array {
  const length = 65_536 >> droppedBits
  return Uint8Array.from({ length }, (_, i) => compress((i - length / 2) << droppedBits))
}

/** `ulaw_expand` of G.191. */
function expandMulaw(code: number): number {
  const exponent = (~code >> 4) & 0x07
  const mantissa = ~code & 0x0f
  const step = 8 << exponent
  const magnitude = (0x80 << exponent) + step * mantissa + step / 2 - 4 * 33
  return code < 0x80 ? -magnitude : magnitude
}

/** `ulaw_compress` of G.191. */
function compressMulaw(sample: number): number {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff)
  const segment = 32 - Math.clz32(magnitude >> 6) + 1
  const code = ((8 - segment) << 4) | (0x0f - ((magnitude >> segment) & 0x0f))
  return sample < 0 ? code : code | 0x80
}

/** `alaw_expand` of G.191. */
function expandAlaw(code: number): number {
  const toggled = (code ^ 0x55) & 0x7f
  const exponent = toggled >> 4
  const mantissa = (toggled & 0x0f) + (exponent > 0 ? 16 : 0)
  const magnitude = ((mantissa << 4) + 8) << Math.max(exponent - 1, 0)
  return code < 0x80 ? -magnitude : magnitude
}

/** `alaw_compress` of G.191. */
function compressAlaw(sample: number): number {
  let code = (sample < 0 ? ~sample : sample) >> 4
  if (code > 15) {
    const exponent = 32 - Math.clz32(code >> 4)
    code = (code >> (exponent - 1)) - 16 + (exponent << 4)
  }
  return (sample < 0 ? code : code | 0x80) ^ 0x55
}
