import { decodeMulaw, encodeMulaw } from './g711.js'

/**
 * What a call's media is made of: amplitudes from -1 to 1 to bytes in base64, and back.
 *
 * @typedef {object} WireCodec
 * @property {(samples: Float32Array) => string} encode
 * @property {(payload: string) => Float32Array} decode
 */

/** @param {'PCMU' | 'L16'} encoding L16: 16 bits, little-endian, as carriers send it in the field @returns {WireCodec} */
export function createWireCodec(encoding) {
  return encoding === 'PCMU'
    ? {
        encode: (samples) => toBase64(encodeMulaw(samples)),
        decode: (payload) => decodeMulaw(fromBase64(payload))
      }
    : {
        encode: (samples) => toBase64(linearBytes(samples)),
        decode: (payload) => amplitudes(fromBase64(payload))
      }
}

/** @param {Float32Array} samples */
function linearBytes(samples) {
  const view = new DataView(new ArrayBuffer(samples.length * 2))
  samples.forEach((sample, i) => {
    view.setInt16(2 * i, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true)
  })
  return new Uint8Array(view.buffer)
}

/** @param {Uint8Array} bytes */
function amplitudes(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true) / 32768)
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes))
}

/** @param {string} text */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}
