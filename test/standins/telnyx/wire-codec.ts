import alawmulaw from 'alawmulaw'

/**
 * How audio travels in a media message. G.711 (ITU-T) comes from the `alawmulaw` package, so that the stand-in shares
 * no table with the server it judges; `L16` is signed 16-bit in either byte order, since Telnyx documents none.
 */
export interface WireFormat {
  readonly encoding: 'PCMU' | 'PCMA' | 'L16'
  readonly sampleRateHz: number
  readonly byteOrder: 'le' | 'be'
}

export interface WireCodec {
  readonly format: WireFormat
  readonly bytesPerSample: 1 | 2
  /** `payload` holds whole samples. */
  decode(payload: Uint8Array): Int16Array
  encode(samples: Int16Array): Buffer
}

export function createWireCodec(format: WireFormat): WireCodec {
  if (format.encoding === 'L16') return linearCodec(format)
  return g711Codec(format, format.encoding === 'PCMU' ? MULAW : ALAW)
}

interface G711Tables {
  readonly decoded: Int16Array
  /** Indexed by the sample as an unsigned 16-bit number. */
  readonly encoded: Uint8Array
}

const { alaw, mulaw } = alawmulaw
const MULAW = g711Tables(mulaw)
const ALAW = g711Tables(alaw)

function g711Tables(law: typeof mulaw): G711Tables {
  return {
    decoded: Int16Array.from({ length: 256 }, (_, code) => law.decodeSample(code)),
    encoded: Uint8Array.from({ length: 65_536 }, (_, word) => law.encodeSample((word << 16) >> 16) & 0xff)
  }
}

function g711Codec(format: WireFormat, tables: G711Tables): WireCodec {
  return {
    format,
    bytesPerSample: 1,
    // Not Int16Array.from, whose iterator is garbage of a hundred times this size: at forty calls it holds up everything.
    decode(payload) {
      const samples = new Int16Array(payload.length)
      for (let i = 0; i < samples.length; i++) samples[i] = tables.decoded[payload[i]!]!
      return samples
    },
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length)
      for (let i = 0; i < samples.length; i++) payload[i] = tables.encoded[samples[i]! & 0xffff]!
      return payload
    }
  }
}

function linearCodec(format: WireFormat): WireCodec {
  const littleEndian = format.byteOrder === 'le'
  return {
    format,
    bytesPerSample: 2,
    decode(payload) {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
      const samples = new Int16Array(payload.byteLength / 2)
      for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, littleEndian)
      return samples
    },
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length * 2)
      for (let i = 0; i < samples.length; i++) {
        if (littleEndian) payload.writeInt16LE(samples[i]!, i * 2)
        else payload.writeInt16BE(samples[i]!, i * 2)
      }
      return payload
    }
  }
}
