import { SampleTimeline } from './sample-timeline.ts'
import type { WireCodec } from './wire-codec.ts'

/** One packet of the caller's audio, encoded and in base64. */
export interface CallerPacket {
  /** First sample of the packet on the stream's timeline. */
  readonly position: number
  readonly payload: string
}

/** The caller's mouth: what is said is cut into packets as time goes by, with silence where nothing was said. */
export class CallerVoice {
  readonly timeline = new SampleTimeline()
  readonly #codec: WireCodec
  readonly #packetSamples: readonly number[]
  readonly #silence = new Map<number, string>()
  #position = 0
  #packets = 0

  /** `packetBytes` are used in turn; Telnyx now and then sends 156 bytes where 160 are due. */
  constructor(codec: WireCodec, packetBytes: readonly number[] | undefined) {
    this.#codec = codec
    const nominal = (codec.format.sampleRateHz * 20) / 1000
    this.#packetSamples = packetBytes?.map((bytes) => Math.floor(bytes / codec.bytesPerSample)) ?? [nominal]
  }

  /** Next sample that has not been sent. */
  get position(): number {
    return this.#position
  }

  /** The packets that are complete by `now` (a sample position) and were not taken yet. */
  *take(now: number): Generator<CallerPacket> {
    for (;;) {
      const samples = this.#packetSamples[this.#packets % this.#packetSamples.length]!
      if (this.#position + samples > now) return
      const position = this.#position
      this.#position += samples
      this.#packets++
      yield { position, payload: this.#encode(position, samples) }
    }
  }

  /** Leaves out what was to be sent until `now`: the line was dead. */
  skip(now: number): void {
    this.#position = Math.max(this.#position, now)
  }

  #encode(position: number, samples: number): string {
    if (this.timeline.end > position) {
      return this.#codec.encode(this.timeline.read(position, position + samples)).toString('base64')
    }
    const cached = this.#silence.get(samples)
    if (cached !== undefined) return cached
    const silence = this.#codec.encode(new Int16Array(samples)).toString('base64')
    this.#silence.set(samples, silence)
    return silence
  }
}
