import type { AudioFormat, SampleRate } from '../../audio/format.ts'
import { StereoInterleaver } from '../../audio/stereo-interleaver.ts'
import type { AudioTapSource, TappedAudio } from '../../sessions/contracts/audio-tap.ts'
import { RecordingFile } from './recording-file.ts'

/** How much is written at once. */
const BLOCK_MS = 2000

/**
 * The recording of one call: the caller left, what the caller heard of the agent right, on the one clock of the call's
 * frames. The file is made with the first audio. Costs a copy a frame on the media path, and a write every 2 s beside it.
 */
export class CallRecording {
  readonly #path: string
  readonly #agentFormat: AudioFormat
  readonly #onBroken: (error: unknown) => void
  readonly #unsubscribe: (() => void)[]
  #tracks: StereoInterleaver | null = null
  #file: RecordingFile | null = null
  #over = false

  /** Begins at once. `agentFormat`: what the agent's audio is sent as; the better of both rates is kept. */
  constructor(options: {
    path: string
    taps: AudioTapSource
    agentFormat: AudioFormat
    onBroken: (error: unknown) => void
  }) {
    this.#path = options.path
    this.#agentFormat = options.agentFormat
    this.#onBroken = options.onBroken
    this.#unsubscribe = [
      options.taps.subscribe('inbound', (audio) => this.#push(0, audio)),
      options.taps.subscribe('outbound', (audio) => {
        this.#push(1, audio)
        if (this.#tracks && this.#tracks.waitingMs >= BLOCK_MS) this.#file?.append(this.#tracks.take())
      })
    ]
  }

  /** Writes what is left. Resolves with whether there is a recording. Idempotent, never rejects. */
  async close(): Promise<boolean> {
    this.#stop()
    return (await this.#file?.close()) ?? false
  }

  #stop(): void {
    if (this.#over) return
    this.#over = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#tracks) this.#file?.append(this.#tracks.take(true))
  }

  #push(channel: 0 | 1, { payload, format, positionMs }: TappedAudio): void {
    this.#tracks ??= this.#begin(format)
    this.#tracks.push(channel, payload, format, positionMs)
  }

  #begin(format: AudioFormat): StereoInterleaver {
    const sampleRate = Math.max(format.sampleRate, this.#agentFormat.sampleRate) as SampleRate
    this.#file = new RecordingFile({
      path: this.#path,
      sampleRate,
      onBroken: (error) => {
        this.#stop()
        this.#onBroken(error)
      }
    })
    return new StereoInterleaver(sampleRate)
  }
}
