const NOTHING = new Uint8Array(0)

/** Makes whole samples of audio that a stream cuts anywhere. */
export class SampleJoiner {
  readonly #sampleBytes: number
  #rest: Uint8Array = NOTHING

  constructor(sampleBytes: number) {
    this.#sampleBytes = sampleBytes
  }

  push(piece: Uint8Array): Uint8Array {
    const bytes = this.#rest.byteLength > 0 ? Buffer.concat([this.#rest, piece]) : piece
    const whole = bytes.byteLength - (bytes.byteLength % this.#sampleBytes)
    this.#rest = whole === bytes.byteLength ? NOTHING : bytes.slice(whole)
    return bytes.subarray(0, whole)
  }

  reset(): void {
    this.#rest = NOTHING
  }
}
