import { WAV_HEADER_BYTES, wavHeader } from '../../audio/wav.ts'

/** Both ends of a call on one clock: frames of the same length, caller and agent side by side. */
export class Recording {
  readonly sampleRate: number
  readonly #caller: Int16Array[] = []
  readonly #agent: Int16Array[] = []
  #length = 0

  constructor(sampleRate: number) {
    this.sampleRate = sampleRate
  }

  /** Samples of either channel. */
  get length(): number {
    return this.#length
  }

  /** Keeps both frames, which are of the same length, as they are. */
  push(caller: Int16Array, agent: Int16Array): void {
    this.#caller.push(caller)
    this.#agent.push(agent)
    this.#length += caller.length
  }

  get caller(): Int16Array {
    return concat(this.#caller, this.#length)
  }

  get agent(): Int16Array {
    return concat(this.#agent, this.#length)
  }

  /** Stereo PCM16: caller left, agent right. */
  toWav(): Uint8Array {
    const { caller, agent, sampleRate } = this
    const dataBytes = this.#length * 4
    const bytes = new Uint8Array(WAV_HEADER_BYTES + dataBytes)
    bytes.set(wavHeader({ sampleRate, channels: 2, dataBytes }))
    const view = new DataView(bytes.buffer, WAV_HEADER_BYTES)
    for (let i = 0; i < this.#length; i++) {
      view.setInt16(4 * i, caller[i], true)
      view.setInt16(4 * i + 2, agent[i], true)
    }
    return bytes
  }
}

function concat(frames: readonly Int16Array[], length: number): Int16Array {
  const whole = new Int16Array(length)
  let at = 0
  for (const frame of frames) {
    whole.set(frame, at)
    at += frame.length
  }
  return whole
}
