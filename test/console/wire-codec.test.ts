import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeMulawSample, MULAW_TO_LINEAR } from '../../audio/g711.ts'
import { decodeMulaw, encodeMulaw } from '../../console/audio/g711.js'
import { createWireCodec } from '../../console/audio/wire-codec.js'

describe('the codecs of the console', () => {
  it('decode and encode mu-law exactly as the server does', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code)
    assert.deepEqual(
      Int16Array.from(decodeMulaw(codes), (sample) => sample * 32768),
      MULAW_TO_LINEAR
    )
    const samples = Int16Array.from({ length: 65536 / 8 }, (_, i) => -32768 + 8 * i)
    assert.deepEqual(
      Array.from(encodeMulaw(Float32Array.from(samples, (sample) => sample / 32768))),
      Array.from(samples, encodeMulawSample)
    )
  })

  it('take what is too loud for the loudest there is', () => {
    assert.deepEqual(encodeMulaw(Float32Array.of(3, -3)), encodeMulaw(Float32Array.of(0.99999, -1)))
  })

  it('carry L16 little-endian and unchanged', () => {
    const codec = createWireCodec('L16')
    const samples = Float32Array.of(0, 0.5, -1, 32767 / 32768)
    assert.deepEqual([...Buffer.from(codec.encode(samples), 'base64')], [0, 0, 0, 0x40, 0, 0x80, 0xff, 0x7f])
    assert.deepEqual(codec.decode(codec.encode(samples)), samples)
  })
})
