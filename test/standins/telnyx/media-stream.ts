import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { WebSocket } from 'ws'
import { CallerVoice } from './caller-voice.ts'
import { FaultyLine, type FrameFaults } from './frame-faults.ts'
import type { PacketTicker } from './packet-ticker.ts'
import { Playout, type ReturnedMark } from './playout.ts'
import * as frames from './stream-frames.ts'
import type { StreamRequest } from './stream-request.ts'
import { createWireCodec, type WireCodec } from './wire-codec.ts'

/** How the media leg behaves; the defaults are a good line. */
export interface MediaBehaviour extends FrameFaults {
  /** One way, both directions. Default 0. */
  readonly networkDelayMs?: number
  /** Sizes of the caller's packets, used in turn. Default 20 ms each. */
  readonly packetBytes?: readonly number[]
  /** Media frames that overtake `start`. Default 0. */
  readonly framesBeforeStart?: number
  /** Where the stream's token goes; documentation leaves it open. Default `both`. */
  readonly tokenIn?: 'header' | 'connected' | 'both' | 'none'
  /** Unit of `media.timestamp`, undocumented: RTP samples were seen in the field. Default `samples`. */
  readonly timestampUnit?: 'samples' | 'ms'
  /** Whether to keep the audio of both sides for `heard` and `spoken`. Default true. */
  readonly record?: boolean
}

export interface MediaStreamOptions {
  readonly identity: frames.StreamIdentity
  readonly request: StreamRequest
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
  closed: [by: 'telnyx' | 'server', code: number]
}

/** One media stream of a call: Telnyx's end of the WebSocket. */
export class MediaStream extends EventEmitter<MediaStreamEvents> {
  readonly options: MediaStreamOptions
  readonly voice: CallerVoice
  /** Binary frames that the server sent, discarded without a word. */
  binaryFrames = 0
  #playout: Playout | null = null
  #startedAt = 0
  #closedAt: number | null = null
  readonly #inboundCodec: WireCodec
  readonly #outboundCodec: WireCodec
  readonly #socket: WebSocket
  readonly #line: FaultyLine
  #sequence = 0
  #chunks = { inbound: 0, outbound: 0 }
  #offTicker: (() => void) | null = null
  #silent = false
  #closing = false

  constructor(options: MediaStreamOptions) {
    super()
    this.options = options
    this.#inboundCodec = createWireCodec(options.request.inbound)
    this.#outboundCodec = createWireCodec(options.request.outbound)
    this.voice = new CallerVoice(this.#inboundCodec, options.behaviour.packetBytes)
    this.#line = new FaultyLine(options.behaviour)
    this.#socket = this.#connect()
  }

  /** Null until the stream has started. */
  get playout(): Playout | null {
    return this.#playout
  }

  /** By performance.now; 0 until the stream has started. */
  get startedAt(): number {
    return this.#startedAt
  }

  /** The present on the stream's timeline, by performance.now; stands still once the stream has closed. */
  now(): number {
    return this.#closedAt ?? performance.now()
  }

  get isOpen(): boolean {
    return this.#playout !== null && !this.#closing && this.#socket.readyState === WebSocket.OPEN
  }

  /** The caller's position on the timeline, in samples of the inbound rate. */
  callerPosition(at = this.now()): number {
    return Math.max(
      0,
      Math.floor(((at - this.#startedAt) * this.options.request.inbound.sampleRateHz) / 1000)
    )
  }

  sendRaw(text: string): void {
    this.#outward(() => this.#socket.send(text))
  }

  sendStart(format = this.options.request.inbound): void {
    this.sendRaw(frames.startFrame(this.options.identity, format, ++this.#sequence))
  }

  sendDigit(digit: string): void {
    this.sendRaw(frames.dtmfFrame(this.options.identity.streamId, ++this.#sequence, digit))
  }

  /** Sends no media at all until `resume`: packet loss, or a carrier that suppresses silence. */
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
    this.#outward(() => this.#socket.close(1000))
  }

  /** Breaks the socket without a `stop`. */
  drop(): void {
    this.#closing = true
    this.#socket.terminate()
  }

  #connect(): WebSocket {
    const { request, behaviour } = this.options
    const { url, token } = request
    const inHeader = token !== null && ['header', 'both'].includes(behaviour.tokenIn ?? 'both')
    const socket = new WebSocket(url, {
      headers: inHeader ? { [frames.STREAM_AUTH_HEADER]: token } : {},
      handshakeTimeout: 5000,
      perMessageDeflate: false
    })
    socket.on('open', () => this.#start())
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.binaryFrames++
      else {
        const enteredAt = performance.now()
        this.#delayed(() => this.#receive(String(data), enteredAt))
      }
    })
    // A failed handshake closes the socket too, and is told here only.
    socket.on('error', (error) => {
      if (!this.#playout && !this.#closing) this.emit('refused', error.message)
    })
    socket.on('close', (code) => this.#closed(code))
    return socket
  }

  #start(): void {
    const { request, behaviour } = this.options
    const inFrame = ['connected', 'both'].includes(behaviour.tokenIn ?? 'both')
    this.sendRaw(frames.connectedFrame(inFrame ? request.token : null))
    this.#startedAt = performance.now()
    this.#playout = new Playout({
      sampleRateHz: request.outbound.sampleRateHz,
      startedAt: this.#startedAt,
      onMark: (mark) => this.#returnMark(mark),
      onFirstAudio: (atMs) => this.emit('firstAudio', atMs)
    })
    if (!behaviour.framesBeforeStart) this.sendStart()
    this.#offTicker = this.options.ticker.add((at) => this.#tick(at))
    this.emit('started')
  }

  #tick(at: number): void {
    this.#playout!.advance(at)
    if (!this.#silent && this.#socket.readyState === WebSocket.OPEN && !this.#closing) this.#sendPackets(at)
    if (this.options.behaviour.record === false) {
      this.voice.timeline.forgetBefore(this.voice.position)
      this.#playout!.timeline.forgetBefore(this.#playout!.positionAt(at))
    }
    this.emit('tick')
  }

  #sendPackets(at: number): void {
    for (const { position, payload } of this.voice.take(this.callerPosition(at))) {
      if (this.options.request.tracks.includes('inbound')) this.#sendMedia('inbound', position, payload)
      if (this.options.request.tracks.includes('outbound')) {
        this.#sendMedia('outbound', position, this.#mirrored(position))
      }
      if (this.#chunks.inbound === this.options.behaviour.framesBeforeStart) this.sendStart()
    }
  }

  #sendMedia(track: frames.Track, position: number, payload: string): void {
    const { identity, behaviour, request } = this.options
    const ms = Math.round((position * 1000) / request.inbound.sampleRateHz)
    const frame = frames.mediaFrame({
      streamId: identity.streamId,
      sequence: ++this.#sequence,
      track,
      chunk: ++this.#chunks[track],
      timestamp: behaviour.timestampUnit === 'ms' ? ms : position,
      payload
    })
    for (const passed of this.#line.pass(frame)) this.sendRaw(passed)
  }

  /** The agent's audio as the caller hears it, which `both_tracks` sends back in the format of the inbound track. */
  #mirrored(position: number): string {
    const { inbound, outbound } = this.options.request
    const ratio = outbound.sampleRateHz / inbound.sampleRateHz
    const length = (inbound.sampleRateHz * 20) / 1000
    const from = Math.floor(position * ratio)
    const heard = this.#playout!.timeline.read(from, from + Math.ceil(length * ratio))
    const samples = Int16Array.from({ length }, (_, i) => heard[Math.floor(i * ratio)]!)
    return this.#inboundCodec.encode(samples).toString('base64')
  }

  #receive(text: string, enteredAt: number): void {
    if (!this.#playout) return
    const at = performance.now()
    try {
      const frame = frames.parseServerFrame(text)
      if (frame.event === 'media') this.#play(frame.payload, at)
      else if (frame.event === 'mark') this.#playout.mark(frame.name, at)
      else this.#clear(at, enteredAt)
    } catch (fault) {
      if (!(fault instanceof frames.FrameFault)) throw fault
      this.sendRaw(frames.errorFrame(this.options.identity.streamId, fault))
      this.emit('faulted', fault)
    }
  }

  #play(payload: Buffer, at: number): void {
    const { mode, outbound, targetLegs } = this.options.request
    if (mode !== 'rtp') throw new frames.FrameFault(100_004, 'the stream takes mp3')
    const { bytesPerSample } = this.#outboundCodec
    const lengthMs = (payload.length / bytesPerSample / outbound.sampleRateHz) * 1000
    if (payload.length % bytesPerSample !== 0) throw new frames.FrameFault(100_004, 'half a sample')
    if (lengthMs < frames.SHORTEST_MESSAGE_MS || lengthMs > frames.LONGEST_MESSAGE_MS) {
      throw new frames.FrameFault(100_004, `${lengthMs} ms of audio; a chunk lasts 20 ms to 30 s`)
    }
    // A call that is not bridged has no opposite leg: nobody hears it.
    if (targetLegs !== 'opposite') this.#playout!.enqueue(this.#outboundCodec.decode(payload), at)
  }

  #clear(at: number, enteredAt: number): void {
    this.#playout!.clear(at, enteredAt)
    this.emit('cleared', this.#playout!.clears.at(-1)!.droppedMs)
  }

  #returnMark(mark: ReturnedMark): void {
    this.sendRaw(frames.markFrame(this.options.identity.streamId, ++this.#sequence, mark.name))
    this.emit('mark', mark)
  }

  #closed(code: number): void {
    this.#offTicker?.()
    this.#closedAt = performance.now()
    this.#playout?.advance(this.#closedAt)
    if (this.#playout) this.emit('closed', this.#closing ? 'telnyx' : 'server', code)
    this.#closing = true
  }

  #outward(task: () => void): void {
    this.#delayed(() => {
      if (this.#socket.readyState === WebSocket.OPEN) task()
    })
  }

  /** Timers of the same delay keep their order, so this is a line with a length and no queue of its own. */
  #delayed(task: () => void): void {
    const delayMs = this.options.behaviour.networkDelayMs ?? 0
    if (delayMs > 0) setTimeout(task, delayMs)
    else task()
  }
}
