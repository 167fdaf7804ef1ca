import { EventEmitter } from 'node:events'
import { type AudioFormat, PCM16_16K } from '../../audio/format.ts'
import { dbfs, rms } from '../../audio/level.ts'
import { createTranscoder, type Transcoder } from '../../audio/transcoder.ts'
import { CLOSE_NORMAL, SOCKET_OPEN, type SocketLike } from '../../services/carriers/socket-like.ts'
import type { systemClock } from '../../services/clock.ts'
import type { Dialect } from './dialect.ts'
import { Playout } from './playout.ts'
import { Recording } from './recording.ts'
import { SampleQueue } from './sample-queue.ts'

export type Clock = typeof systemClock

export const FRAME_MS = 20
/** A key of a telephone lasts 100 ms with as much silence after it; 240 ms is somebody who does not hurry. */
const FRAMES_PER_KEY = 12
/** What is quieter is silence or the noise of a codec, and nobody's voice. */
const AUDIBLE_DBFS = -45
/** How long the server may take to close the socket once told that the caller hung up. */
const HANG_UP_MS = 2000

/** What can be seen of the line while a frame is on air. */
export interface LineState {
  /** Milliseconds since the stream began. */
  readonly atMs: number
  /** Whether a frame on air is the agent's; it may be a pause in its speech. */
  readonly agentPlaying: boolean
  /** Whether the agent can be heard in this frame. */
  readonly agentAudible: boolean
  /** Whether the caller still speaks or dials. */
  readonly callerBusy: boolean
}

/** Where the caller spoke, in samples from the beginning of the recording. */
export interface Utterance {
  readonly start: number
  readonly end: number
}

export type MediaLegEvents = {
  /** Every 20 ms. */
  frame: [line: LineState]
  cleared: [dropped: { droppedMs: number; marks: number }]
  /** Exactly once, and last. */
  ended: [by: 'phone' | 'server']
}

interface OnAir {
  readonly caller: Int16Array
  readonly agent: Int16Array
}

/**
 * The carrier's end of a media stream, in a carrier's dialect: sends what the caller says in frames of 20 ms of real
 * time, silence included, plays the agent in real time, and records both. Listens on the socket from the start, so
 * that nothing that follows the upgrade is missed; frames flow from `start()`.
 */
export class MediaLeg extends EventEmitter<MediaLegEvents> {
  readonly recording: Recording
  readonly utterances: Utterance[] = []
  readonly #socket: SocketLike
  readonly #clock: Clock
  readonly #format: AudioFormat
  readonly #dialect: Dialect
  readonly #encode: Transcoder
  readonly #decode: Transcoder
  readonly #playout = new Playout()
  readonly #mouth = new SampleQueue()
  #keys: string[] = []
  #framesToNextKey = 0
  #onAir: OnAir | null = null
  #startedAt = 0
  #frameCount = 0
  #audibleFrames = 0
  #cancelTimer: (() => void) | null = null
  #hungUp = false
  #ended = false

  constructor(options: { socket: SocketLike; dialect: Dialect; format: AudioFormat; clock: Clock }) {
    super()
    const { socket, format } = options
    const linear: AudioFormat = { encoding: PCM16_16K.encoding, sampleRate: format.sampleRate }
    this.#socket = socket
    this.#clock = options.clock
    this.#format = format
    this.#dialect = options.dialect
    this.#encode = createTranscoder(linear, format)
    this.#decode = createTranscoder(format, linear)
    this.recording = new Recording(format.sampleRate)
    socket.on('message', (data, isBinary) => {
      // Carriers discard binary frames without a word.
      if (!isBinary) this.#receive(data.toString())
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => this.#end())
  }

  /** Milliseconds of the agent's audio that were played, its pauses included. */
  get heardMs(): number {
    return Math.round((this.#playout.played * 1000) / this.#format.sampleRate)
  }

  /** Milliseconds in which the agent could be heard, in steps of a frame. */
  get audibleMs(): number {
    return this.#audibleFrames * FRAME_MS
  }

  /** Announces the stream and begins to send and play. The socket must be open. */
  start(): void {
    this.#send(this.#dialect.connected())
    this.#send(this.#dialect.start(this.#format))
    this.#startedAt = this.#clock.now()
    this.#tick()
  }

  /** Says `samples`, PCM16 at the rate of the leg, from the next frame on, after what is still being said. */
  say(samples: Int16Array): void {
    const start = this.#frameCount * this.#frameSamples + this.#mouth.length
    this.utterances.push({ start, end: start + samples.length })
    this.#mouth.push(samples)
  }

  /** Presses keys (0-9, *, #, A-D), one after the other. */
  dial(digits: string): void {
    this.#keys.push(...digits)
  }

  /** Puts the phone down; `ended` follows when the server has closed the socket, or has not within 2 s. */
  hangUp(): void {
    if (this.#hungUp || this.#ended) return
    this.#hungUp = true
    this.#cancelTimer?.()
    this.#send(this.#dialect.stop())
    this.#cancelTimer = this.#clock.after(HANG_UP_MS, () => {
      this.#socket.terminate()
      this.#end()
    })
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(CLOSE_NORMAL)
  }

  get #frameSamples(): number {
    return (this.#format.sampleRate * FRAME_MS) / 1000
  }

  /** Due times are absolute, so that lateness never adds up; after a late timer, several frames are due at once. */
  #tick(): void {
    for (;;) {
      const dueInMs = this.#startedAt + this.#frameCount * FRAME_MS - this.#clock.now()
      if (dueInMs > 0) {
        this.#cancelTimer = this.#clock.after(dueInMs, () => this.#tick())
        return
      }
      this.#endFrame()
      this.#beginFrame()
      if (this.#hungUp || this.#ended) return
    }
  }

  #endFrame(): void {
    if (!this.#onAir) return
    const { caller, agent } = this.#onAir
    this.#onAir = null
    this.recording.push(caller, agent)
    this.#send(this.#dialect.media(this.#encode.push(bytesOf(caller)), caller.length))
    this.#playout.endFrame()
    this.#returnDueMarks()
  }

  #beginFrame(): void {
    const caller = new Int16Array(this.#frameSamples)
    const agent = new Int16Array(this.#frameSamples)
    const callerSamples = this.#mouth.take(caller)
    const agentSamples = this.#playout.beginFrame(agent)
    this.#onAir = { caller, agent }
    const atMs = this.#frameCount * FRAME_MS
    this.#frameCount += 1
    this.#pressKey()
    const agentAudible = agentSamples > 0 && dbfs(rms(agent)) > AUDIBLE_DBFS
    if (agentAudible) this.#audibleFrames += 1
    const callerBusy = callerSamples > 0 || this.#keys.length > 0
    this.emit('frame', { atMs, agentPlaying: agentSamples > 0, agentAudible, callerBusy })
  }

  #pressKey(): void {
    if (this.#framesToNextKey > 0) this.#framesToNextKey -= 1
    if (this.#keys.length === 0 || this.#framesToNextKey > 0) return
    this.#framesToNextKey = FRAMES_PER_KEY
    this.#send(this.#dialect.dtmf(this.#keys.shift() as string, this.#clock.now()))
  }

  #receive(text: string): void {
    if (this.#hungUp || this.#ended) return
    const frame = this.#dialect.parse(text)
    if (frame?.event === 'media') this.#playout.enqueue(samplesOf(this.#decode.push(frame.payload)))
    if (frame?.event === 'mark') this.#playout.mark(frame.name)
    if (frame?.event === 'clear') {
      const dropped = this.#playout.clear()
      const marks = this.#returnDueMarks()
      this.emit('cleared', { droppedMs: Math.round((dropped * 1000) / this.#format.sampleRate), marks })
    } else this.#returnDueMarks()
  }

  #returnDueMarks(): number {
    const due = this.#playout.takeDueMarks()
    for (const name of due) this.#send(this.#dialect.mark(name))
    return due.length
  }

  #send(frame: string): void {
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.send(frame)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#cancelTimer?.()
    if (this.#onAir) this.recording.push(this.#onAir.caller, this.#onAir.agent)
    this.emit('ended', this.#hungUp ? 'phone' : 'server')
  }
}

/** Little-endian, as the host and as Telnyx's L16 in the field. */
function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
}

/** A copy, since a transcoder uses its memory again. */
function samplesOf(bytes: Uint8Array): Int16Array {
  const copy = new Uint8Array(bytes.length - (bytes.length % 2))
  copy.set(bytes.subarray(0, copy.length))
  return new Int16Array(copy.buffer)
}
