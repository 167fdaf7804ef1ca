import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { WebSocket } from 'ws'
import { durationMs } from '../../audio/format.ts'
import { FastSocket, openSocket } from './fast-socket.ts'
import { type Framing, type FramingName, framingOf } from './framing.ts'
import { type LoadAudio, NUMBER_LENGTH, numberedPayload } from './load-shape.ts'
import type { LoadStats } from './load-stats.ts'
import { ModelVoice } from './model-voice.ts'
import type { Ticked } from './ticker.ts'

/** Frames that may be on their way at once: more than 20 s of them. */
const IN_FLIGHT = 1024
/** `{"type":"input_audio_buffer.append","audio":"`: the audio comes right behind it. */
const APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"'
const MEDIA_HEAD = '{"event":"media"'
const DIGIT_ZERO = 0x30
/** An append as long as this many frames is none of ours. */
const FILLER_FRAMES = 5

export interface LoadCallOptions {
  readonly index: number
  readonly framing: FramingName
  readonly audio: LoadAudio
  readonly stats: LoadStats
}

/** Both ends of one call: the caller at the carrier, and the model. What one sends, the other must get. */
export class LoadCall implements Ticked {
  /** The carrier's. */
  readonly callId: string
  /** By the relay, at the carrier. */
  readonly answered: Promise<void>
  /** The relay has connected to the model. */
  readonly engineOpened: Promise<void>
  /** Both legs are there, and the model is configured. */
  readonly live: Promise<void>
  /** Frames that came out of order, or with other audio than they went in. */
  wrongFrames = 0
  framesSent = 0
  framesReceived = 0
  readonly #options: LoadCallOptions
  readonly #reached = {
    answered: Promise.withResolvers<void>(),
    engineOpened: Promise.withResolvers<void>(),
    live: Promise.withResolvers<void>()
  }
  readonly #framing: Framing
  readonly #frameSentAt = new Float64Array(IN_FLIGHT)
  readonly #deltaSentAt: number[] = []
  readonly #voice: ModelVoice
  #carrier: FastSocket | null = null
  #engine: FastSocket | null = null
  #started = false
  #configured = false
  /** How many frames had been sent when the load ended; those after it only keep the line alive. */
  #framesOfLoad: number | null = null
  #heardMs = 0
  /** The carrier's playout: when what it holds has been played, and the marks in it. */
  #playedOutAt = 0
  #marks: { name: string; at: number }[] = []

  constructor(options: LoadCallOptions) {
    this.#options = options
    this.answered = this.#reached.answered.promise
    this.engineOpened = this.#reached.engineOpened.promise
    this.live = this.#reached.live.promise
    this.callId = `v3:load-${process.pid}-${options.index}-${Math.floor(performance.now())}`
    this.#framing = framingOf(options.framing, this.callId, `stream-${options.index}`)
    this.#voice = new ModelVoice({
      index: options.index,
      deltas: options.audio.deltas,
      send: (event) => this.#engine?.send(event),
      onDelta: () => this.#deltaSentAt.push(performance.now())
    })
  }

  /** Sent in the load and not received yet. */
  get framesLost(): number {
    return Math.max(0, this.framesOfLoad - this.framesReceived)
  }

  get framesOfLoad(): number {
    return this.#framesOfLoad ?? this.framesSent
  }

  /** Of the model's audio sent and not heard; less than a frame is a frame that was filled up. */
  get audioLostMs(): number {
    return this.#voice.spokenMs - this.#heardMs
  }

  onAnswered(): void {
    this.#reached.answered.resolve()
  }

  /** `parameters`: what the relay asked to have sent along. */
  openCarrier(url: string, parameters: Readonly<Record<string, string>> = {}): void {
    const socket = openSocket(url, this.#framing.headers(url))
    let raw: Socket
    socket.on('upgrade', (response) => {
      raw = response.socket
    })
    socket.on('error', (error) => console.error(`A media socket failed: ${error.message}`))
    socket.on('open', () => {
      const taker = { take: this.#onCarrierMessage.bind(this) }
      this.#carrier = new FastSocket({ socket, raw, isClient: true, taker })
      socket.send(this.#framing.connected)
      socket.send(this.#framing.start(this.#options.audio, parameters))
      this.#started = true
      this.#checkLive()
    })
  }

  attachEngine(socket: WebSocket, raw: Socket): void {
    const taker = { take: this.#onEngineMessage.bind(this) }
    this.#engine = new FastSocket({ socket, raw, isClient: false, taker })
    this.#reached.engineOpened.resolve()
    socket.on('error', (error) => console.error(`A session of the model failed: ${error.message}`))
    socket.send('{"type":"session.created","event_id":"event_0","session":{"type":"realtime"}}')
  }

  /** A relay that configures nothing is live once it has opened the session. */
  unconfigured(): void {
    this.#configured = true
    this.#checkLive()
  }

  sendFrame(now: number): void {
    const number = this.framesSent
    this.#frameSentAt[number % IN_FLIGHT] = performance.now()
    this.framesSent += 1
    this.#carrier?.send(this.#framing.media(number, numberedPayload(number, this.#options.audio)))
    if (this.#marks.length > 0) this.#returnMarks(now)
  }

  converse(now: number): void {
    this.#voice.step(now)
  }

  /** Nothing from here on counts; what is on its way may arrive. The carrier goes on sending, as carriers do. */
  endLoad(): void {
    this.#framesOfLoad = this.framesSent
    this.#voice.stop()
  }

  close(): void {
    this.#carrier?.close()
    this.#engine?.close()
  }

  #checkLive(): void {
    if (!this.#started || !this.#configured) return
    this.#voice.start(performance.now())
    this.#reached.live.resolve()
  }

  #onEngineMessage(data: Buffer, start: number, end: number): true {
    // 'i' of input_audio_buffer.append, which is nearly all that comes; see APPEND_HEAD.
    if (data[start + 9] === 0x69) this.#onAppend(data, start, end)
    else if (JSON.parse(data.toString('utf8', start, end)).type === 'session.update') {
      this.#engine?.send('{"type":"session.updated","event_id":"event_1","session":{"type":"realtime"}}')
      this.unconfigured()
    }
    return true
  }

  #onAppend(data: Buffer, start: number, end: number): void {
    // Silence that stands in for frames that are late, which only a stall brings about; they come all the same.
    if (end - start > FILLER_FRAMES * this.#options.audio.engineFrameLength) return
    const expected = this.framesReceived
    this.framesReceived += 1
    this.#options.stats.inward(performance.now() - this.#frameSentAt[expected % IN_FLIGHT])
    if (this.#options.audio.converted) return
    let number = 0
    const audio = start + APPEND_HEAD.length
    for (let at = audio; at < audio + NUMBER_LENGTH; at++) {
      number = number * 10 + data[at] - DIGIT_ZERO
    }
    if (number !== expected) this.wrongFrames += 1
  }

  #onCarrierMessage(data: Buffer, start: number, end: number): true {
    const now = performance.now()
    if (isMedia(data, start)) this.#onMedia(data, start, now)
    else this.#onControl(JSON.parse(data.toString('utf8', start, end)), now)
    return true
  }

  #onControl(frame: { event: string; mark: { name: string } }, now: number): void {
    if (frame.event === 'mark')
      this.#marks.push({ name: frame.mark.name, at: Math.max(now, this.#playedOutAt) })
    if (frame.event === 'clear') {
      this.#playedOutAt = now
      for (const mark of this.#marks) mark.at = now
    }
  }

  /** Each delta is at least five frames long, so it becomes one message; a reply's last part of a frame is another. */
  #onMedia(data: Buffer, from: number, now: number): void {
    const start = data.indexOf(PAYLOAD_BYTES, from) + PAYLOAD_BYTES.length
    const ms = durationMs(
      this.#options.audio.carrierFormat,
      base64Bytes(data, start, data.indexOf(QUOTE, start))
    )
    this.#heardMs += ms
    this.#playedOutAt = Math.max(now, this.#playedOutAt) + ms
    const sentAt = this.#deltaSentAt.shift()
    if (sentAt !== undefined) this.#options.stats.outward(now - sentAt)
  }

  #returnMarks(now: number): void {
    while (this.#marks.length > 0 && this.#marks[0].at <= now) {
      const mark = this.#marks.shift() as { name: string }
      this.#carrier?.send(this.#framing.mark(mark.name))
    }
  }
}

const MEDIA_HEAD_BYTES = Buffer.from(MEDIA_HEAD)
const PAYLOAD_BYTES = Buffer.from('"payload":"')
const QUOTE = 0x22
const PADDING = 0x3d

function isMedia(data: Buffer, start: number): boolean {
  for (let at = 0; at < MEDIA_HEAD_BYTES.length; at++)
    if (data[start + at] !== MEDIA_HEAD_BYTES[at]) return false
  return true
}

/** Bytes that the base64 text in [start, end) stands for. */
function base64Bytes(text: Buffer, start: number, end: number): number {
  let padding = 0
  while (text[end - 1 - padding] === PADDING) padding++
  return ((end - start) / 4) * 3 - padding
}
