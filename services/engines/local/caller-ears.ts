import { type AudioFormat, PCM16_16K } from '../../../audio/format.ts'
import { createTranscoder, type Transcoder } from '../../../audio/transcoder.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import { SpeechDetector } from '../../speech/speech-detector.ts'
import { UtteranceRecorder } from './utterance-recorder.ts'

/** The detector knows of a beginning by its loudest part; a soft consonant may come before. */
const PRE_ROLL_MS = 200
/** A soft ending; the rest of the silence only costs the recogniser time. */
const POST_ROLL_MS = 200
/** Most pauses of this length are the end; above the post-roll, so that all of the utterance is there. */
const PAUSE_MS = 300

export interface Utterance {
  /** What was said with a little before and after, PCM16 mono 16 kHz. */
  readonly pcm: Int16Array
  /** From the beginning of speech to its end. */
  readonly speechMs: number
}

export interface CallerEarsOptions {
  readonly format: AudioFormat
  readonly classifiers: Pick<SpeechClassifiers, 'create'>
  readonly onStarted: () => void
  /** The caller pauses: if that was all, this is what will be given to `onStopped`, the same object. */
  readonly onPaused: (utterance: Utterance) => void
  readonly onStopped: (utterance: Utterance) => void
}

/** Cuts the caller's audio into utterances. A telephone leg is listened to at 8 kHz, any other at 16 kHz. */
export class CallerEars {
  readonly #options: CallerEarsOptions
  readonly #rate: 8000 | 16000
  readonly #transcoder: Transcoder
  readonly #detector: SpeechDetector
  readonly #recorder: UtteranceRecorder
  #startedAtMs = 0
  /** What the caller said until the last pause, which began at `atMs`. */
  #paused: { utterance: Utterance; atMs: number } | null = null

  constructor(options: CallerEarsOptions) {
    this.#options = options
    this.#rate = options.format.sampleRate === 8000 ? 8000 : 16000
    this.#transcoder = createTranscoder(options.format, { encoding: 'pcm16', sampleRate: this.#rate })
    const classifier = options.classifiers.create(this.#rate)
    this.#detector = new SpeechDetector({ sampleRate: this.#rate, pauseMs: PAUSE_MS, classifier })
    this.#recorder = new UtteranceRecorder({ sampleRate: this.#rate })
  }

  get speaking(): boolean {
    return this.#detector.speaking
  }

  set endpointSilenceMs(ms: number) {
    this.#detector.endpointSilenceMs = ms
  }

  push(payload: Uint8Array): void {
    const pcm = samplesOf(this.#transcoder.push(payload))
    this.#recorder.push(pcm)
    const edge = this.#detector.push(pcm)
    if (edge?.type === 'start') {
      this.#startedAtMs = edge.atMs
      this.#recorder.start()
      this.#options.onStarted()
    }
    if (edge?.type === 'pause') this.#pause(edge.atMs)
    if (edge?.type === 'stop') this.#stop(edge.atMs)
  }

  #stop(atMs: number): void {
    const paused = this.#paused
    this.#paused = null
    const pcm = this.#recorder.stop(this.#startedAtMs - PRE_ROLL_MS, atMs + POST_ROLL_MS)
    this.#options.onStopped(paused?.atMs === atMs ? paused.utterance : this.#utterance(pcm, atMs))
  }

  #pause(atMs: number): void {
    const pcm = this.#recorder.between(this.#startedAtMs - PRE_ROLL_MS, atMs + POST_ROLL_MS)
    const utterance = this.#utterance(pcm, atMs)
    this.#paused = { utterance, atMs }
    this.#options.onPaused(utterance)
  }

  #utterance(pcm: Int16Array, endedAtMs: number): Utterance {
    return { pcm: this.#toWideband(pcm), speechMs: endedAtMs - this.#startedAtMs }
  }

  close(): void {
    this.#detector.close()
  }

  #toWideband(pcm: Int16Array): Int16Array {
    if (this.#rate === 16000) return pcm
    const upsampler = createTranscoder({ encoding: 'pcm16', sampleRate: 8000 }, PCM16_16K)
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
    const body = samplesOf(upsampler.push(bytes)).slice()
    const tail = samplesOf(upsampler.flush())
    const wide = new Int16Array(body.length + tail.length)
    wide.set(body)
    wide.set(tail, body.length)
    return wide
  }
}

/** The bytes as PCM16; a copy where they begin at an odd address. */
function samplesOf(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1)
}
