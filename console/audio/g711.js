/**
 * ITU-T G.711 mu-law as the reference of G.191 has it: 8-bit codes of 14-bit samples.
 */

/** Amplitude from -1 to 1 of each code. */
const AMPLITUDES = Float32Array.from({ length: 256 }, (_, code) => expand(code) / 32768)

/** Codes of amplitudes from -1 to 1. @param {Float32Array} samples */
export function encodeMulaw(samples) {
  return Uint8Array.from(samples, (sample) =>
    compress(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))))
  )
}

/** Amplitudes from -1 to 1. @param {Uint8Array} codes */
export function decodeMulaw(codes) {
  return Float32Array.from(codes, (code) => AMPLITUDES[code])
}

/** `ulaw_expand` of G.191. @param {number} code */
function expand(code) {
  const exponent = (~code >> 4) & 0x07
  const mantissa = ~code & 0x0f
  const step = 8 << exponent
  const magnitude = (0x80 << exponent) + step * mantissa + step / 2 - 4 * 33
  return code < 0x80 ? -magnitude : magnitude
}

/** `ulaw_compress` of G.191. @param {number} sample 16 bits */
function compress(sample) {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff)
  const segment = 32 - Math.clz32(magnitude >> 6) + 1
  const code = ((8 - segment) << 4) | (0x0f - ((magnitude >> segment) & 0x0f))
  return sample < 0 ? code : code | 0x80
}
