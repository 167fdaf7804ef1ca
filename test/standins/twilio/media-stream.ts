import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { WebSocket } from 'ws'
import { CallerVoice } from '../telnyx/caller-voice.ts'
import { FaultyLine, type FrameFaults } from '../telnyx/frame-faults.ts'
import type { PacketTicker } from '../telnyx/packet-ticker.ts'
import { Playout, type ReturnedMark } from '../telnyx/playout.ts'
import { createWireCodec } from '../telnyx/wire-codec.ts'
import { signatureOf, type WebhookSignature } from './signed-webhooks.ts'
import * as frames from './stream-frames.ts'

/** How the media leg behaves; the defaults are a good line. */
export interface MediaBehaviour extends FrameFaults {
  /** One way, both directions. Default 0. */
  readonly networkDelayMs?: number
  /** The signature of the upgrade. Default `valid`. */
  readonly signUpgrade?: WebhookSignature
  /** What `start` announces. Default mu-law at 8 kHz. */
  readonly mediaFormat?: frames.MediaFormat
  /** Parameters of `start` instead of those of the TwiML. */
  readonly customParameters?: Readonly<Record<string, string>>
  /** Whether to keep the audio of both sides for `heard` and `spoken`. Default true. */
  readonly record?: boolean
}

export interface MediaStreamOptions {
  readonly identity: frames.StreamIdentity
  readonly url: string
  readonly authToken: string
  readonly behaviour: MediaBehaviour
  readonly ticker: PacketTicker
}

export type MediaStreamEvents = {
  started: []
  /** The socket was refused, or could not be reached. */
  refused: [reason: string]
  firstAudio: [atMs: number]
  mark: [mark: ReturnedMark]
  cleared: [droppedMs: number]
  faulted: [fault: frames.FrameFault]
  tick: []
  /** Exactly once after `started`. */
  closed: [by: 'twilio' | 'server', code: number]
}

export const SAMPLE_RATE_HZ = 8000
const codec = createWireCodec({ encoding: 'PCMU', sampleRateHz: SAMPLE_RATE_HZ, byteOrder: 'le' })

/** One bidirectional stream of a call: Twilio's end of the WebSocket. */
export class MediaStream extends EventEmitter<MediaStreamEvents> {
  readonly options: MediaStreamOptions
  readonly voice = new CallerVoice(codec, undefined)
  #playout: Playout | null = null
  #startedAt = 0
  #closedAt: number | null = null
  readonly #socket: WebSocket
  readonly #line: FaultyLine
  #sequence = 0
  #chunk = 0
  #offTicker: (() => void) | null = null
  #silent = false
  #closing = false

  constructor(options: MediaStreamOptions) {
    super()
    this.options = options
    this.#line = new FaultyLine(options.behaviour)
    this.#socket = this.#connect()
  }

  /** Null until the stream has started. */
  get playout(): Playout | null {
    return this.#playout
  }

  /** The present on the stream's timeline, by performance.now; stands still once the stream has closed. */
  now(): number {
    return this.#closedAt ?? performance.now()
  }

  /** The caller's position on the timeline, in samples. */
  callerPosition(at = this.now()): number {
    return Math.max(0, Math.floor(((at - this.#startedAt) * SAMPLE_RATE_HZ) / 1000))
  }

  sendRaw(text: string): void {
    this.#delayed(() => {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
    })
  }

  sendDigit(digit: string): void {
    this.sendRaw(frames.dtmfFrame(this.options.identity.streamSid, ++this.#sequence, digit))
  }

  /** Sends no media at all until `resume`: packet loss, or silence that nobody sends. */
  pause(): void {
    this.#silent = true
  }

  resume(): void {
    this.voice.skip(this.callerPosition())
    this.#silent = false
  }

  /** `stop`, then the end of the socket. */
  stop(): void {
    if (this.#closing) return
    if (!this.#playout) return this.drop()
    this.#closing = true
    this.sendRaw(frames.stopFrame(this.options.identity, ++this.#sequence))
    this.#delayed(() => this.#socket.close(1000))
  }

  /** Breaks the socket without a `stop`. */
  drop(): void {
    this.#closing = true
    this.#socket.terminate()
  }

  #connect(): WebSocket {
    const { url, authToken, behaviour } = this.options
    const socket = new WebSocket(url, {
      headers: upgradeSignature(url, authToken, behaviour.signUpgrade ?? 'valid'),
      handshakeTimeout: 5000,
      perMessageDeflate: false
    })
    socket.on('open', () => this.#start())
    socket.on('message', (data, isBinary) => this.#delayed(() => this.#receive(isBinary ? '' : String(data))))
    // A failed handshake closes the socket too, and is told here only.
    socket.on('error', (error) => {
      if (!this.#playout && !this.#closing) this.emit('refused', error.message)
    })
    socket.on('close', (code) => this.#closed(code))
    return socket
  }

  #start(): void {
    const { identity, behaviour, ticker } = this.options
    const customParameters = behaviour.customParameters ?? identity.customParameters
    this.sendRaw(frames.connectedFrame)
    this.sendRaw(
      frames.startFrame({ ...identity, customParameters }, ++this.#sequence, behaviour.mediaFormat)
    )
    this.#startedAt = performance.now()
    this.#playout = new Playout({
      sampleRateHz: SAMPLE_RATE_HZ,
      startedAt: this.#startedAt,
      onMark: (mark) => this.#returnMark(mark),
      onFirstAudio: (atMs) => this.emit('firstAudio', atMs)
    })
    this.#offTicker = ticker.add((at) => this.#tick(at))
    this.emit('started')
  }

  #tick(at: number): void {
    this.#playout!.advance(at)
    if (!this.#silent && !this.#closing) this.#sendPackets(at)
    if (this.options.behaviour.record === false) {
      this.voice.timeline.forgetBefore(this.voice.position)
      this.#playout!.timeline.forgetBefore(this.#playout!.positionAt(at))
    }
    this.emit('tick')
  }

  #sendPackets(at: number): void {
    const { streamSid } = this.options.identity
    for (const { position, payload } of this.voice.take(this.callerPosition(at))) {
      const timestampMs = Math.round((position * 1000) / SAMPLE_RATE_HZ)
      const media = { streamSid, sequence: ++this.#sequence, chunk: ++this.#chunk, timestampMs, payload }
      for (const passed of this.#line.pass(frames.mediaFrame(media))) this.sendRaw(passed)
    }
  }

  #receive(text: string): void {
    if (!this.#playout) return
    const at = performance.now()
    try {
      const frame = frames.parseServerFrame(text, this.options.identity.streamSid)
      if (frame.event === 'media') this.#playout.enqueue(codec.decode(frame.payload), at)
      else if (frame.event === 'mark') this.#playout.mark(frame.name, at)
      else this.#clear(at)
    } catch (fault) {
      if (!(fault instanceof frames.FrameFault)) throw fault
      this.emit('faulted', fault)
    }
  }

  #clear(at: number): void {
    this.#playout!.clear(at)
    this.emit('cleared', this.#playout!.clears.at(-1)!.droppedMs)
  }

  #returnMark(mark: ReturnedMark): void {
    this.sendRaw(frames.markFrame(this.options.identity.streamSid, ++this.#sequence, mark.name))
    this.emit('mark', mark)
  }

  #closed(code: number): void {
    this.#offTicker?.()
    this.#closedAt = performance.now()
    this.#playout?.advance(this.#closedAt)
    if (this.#playout) this.emit('closed', this.#closing ? 'twilio' : 'server', code)
    this.#closing = true
  }

  /** Timers of the same delay keep their order, so this is a line with a length and no queue of its own. */
  #delayed(task: () => void): void {
    const delayMs = this.options.behaviour.networkDelayMs ?? 0
    if (delayMs > 0) setTimeout(task, delayMs)
    else task()
  }
}

/** Twilio signs the `wss` form of the address, whatever stands in front of the server. */
function upgradeSignature(url: string, authToken: string, sign: WebhookSignature): Record<string, string> {
  if (sign === 'none') return {}
  const token = sign === 'wrong' ? 'the token of another account' : authToken
  return { 'x-twilio-signature': signatureOf(token, url.replace(/^ws:/, 'wss:'), {}) }
}
