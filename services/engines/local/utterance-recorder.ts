/** Kept while nobody speaks: the detector knows of a beginning at most 0.7 s late, and the pre-roll comes before it. */
const HISTORY_MS = 1000
/** Nobody says more in one turn to a receptionist; music that passes for speech must not fill the memory. */
const MAX_UTTERANCE_MS = 20_000

/** The caller's audio of the last second, or of the utterance under way, by its place since the call began. */
export class UtteranceRecorder {
  readonly #samplesPerMs: number
  #chunks: Int16Array[] = []
  /** Sample number of the first chunk's first sample, and of the next sample to come. */
  #from = 0
  #to = 0
  #recording = false

  constructor(options: { /** Hz. */ sampleRate: number }) {
    this.#samplesPerMs = options.sampleRate / 1000
  }

  /** Copies the samples. */
  push(pcm: Int16Array): void {
    this.#to += pcm.length
    if (this.#recording && this.#to - this.#from > MAX_UTTERANCE_MS * this.#samplesPerMs) return
    this.#chunks.push(pcm.slice())
    if (!this.#recording) this.#forget(this.#to - HISTORY_MS * this.#samplesPerMs)
  }

  /** Keeps everything from here on, and the second before. */
  start(): void {
    this.#recording = true
  }

  /** The same as `between`, and the end of the recording. */
  stop(fromMs: number, toMs: number): Int16Array {
    const pcm = this.between(fromMs, toMs)
    this.#recording = false
    this.#chunks = []
    this.#from = this.#to
    return pcm
  }

  /** The samples between two instants, in ms since the call began, as far as they are kept. */
  between(fromMs: number, toMs: number): Int16Array {
    const from = Math.max(0, Math.round(fromMs * this.#samplesPerMs) - this.#from)
    const until = Math.max(from, Math.round(toMs * this.#samplesPerMs) - this.#from)
    const all = new Int16Array(this.#chunks.reduce((length, chunk) => length + chunk.length, 0))
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all.slice(from, until)
  }

  #forget(before: number): void {
    for (let first = this.#chunks[0]; first && this.#from + first.length <= before; first = this.#chunks[0]) {
      this.#chunks.shift()
      this.#from += first.length
    }
  }
}
