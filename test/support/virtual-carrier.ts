import { EventEmitter } from 'node:events'
import { type AudioFormat, bytesPerMs, PCMU_8K } from '../../audio/format.ts'
import { encodeMulawSample, MULAW_TO_LINEAR } from '../../audio/g711.ts'
import type { MediaTransport, MediaTransportEvents } from '../../sessions/contracts/media-transport.ts'
import type { ManualClock } from './manual-clock.ts'

const TICK_MS = 20

/**
 * A carrier on a manual clock: records the caller in frames of 20 ms, plays out what it is sent in real time, returns
 * marks as they are played and all of them on a clear, and can be `delayMs` away in each direction.
 */
export class VirtualCarrier extends EventEmitter<MediaTransportEvents> implements MediaTransport {
  readonly outboundFormat: AudioFormat
  receivedAt = 0
  readonly #clock: ManualClock
  readonly #delayMs: number
  #queue: ({ ms: number; payload: Uint8Array } | { mark: string })[] = []
  /** Mu-law as played, silence between: what a loudspeaker gives back. */
  #played: Uint8Array[] = []
  #echo: { delayFrames: number; gain: number } | null = null
  /** Milliseconds of agent audio played so far. */
  playedMs = 0
  /** Played since the last clear, or in all. */
  clears: { playedMs: number }[] = []
  sentMs = 0
  marks: string[] = []
  closed = 0
  #running = true
  #muted = false
  #loseEvery = Number.POSITIVE_INFINITY
  #frames = 0
  #lost = 0
  #cancelTick = (): void => {}

  constructor(options: { clock: ManualClock; delayMs?: number; format?: AudioFormat }) {
    super()
    this.#clock = options.clock
    this.#delayMs = options.delayMs ?? 0
    this.outboundFormat = options.format ?? PCMU_8K
  }

  /** Sends `start` and begins to tick. */
  start(inboundFormat = this.outboundFormat): void {
    this.#toServer(() => this.emit('started', { inboundFormat, carrierCallId: null, streamId: 's' }))
    this.#tick()
  }

  /** Whether nothing is left to play. */
  get idle(): boolean {
    return this.#queue.length === 0
  }

  /** Milliseconds that are left to play. */
  get queuedMs(): number {
    return this.#queue.reduce((sum, entry) => sum + ('ms' in entry ? entry.ms : 0), 0)
  }

  /** Milliseconds that the caller has heard of audio that is this mu-law byte throughout. */
  heardMs(byte: number): number {
    return this.#played.flatMap((piece) => [...piece]).filter((each) => each === byte).length / 8
  }

  send(payload: Uint8Array): void {
    const ms = payload.byteLength / bytesPerMs(this.outboundFormat)
    this.sentMs += ms
    const copy = payload.slice()
    this.#fromServer(() => this.#queue.push({ ms, payload: copy }))
  }

  mark(name: string): void {
    this.marks.push(name)
    this.#fromServer(() => {
      this.#queue.push({ mark: name })
      this.#returnMarks()
    })
  }

  clear(): void {
    this.#fromServer(() => {
      this.clears.push({ playedMs: this.playedMs })
      const marks = this.#queue.flatMap((entry) => ('mark' in entry ? [entry.mark] : []))
      this.#queue = []
      for (const mark of marks) this.#toServer(() => this.emit('mark', mark))
    })
  }

  close(): void {
    if (this.closed++ > 0) return
    this.#halt()
    this.emit('stopped', 'closed_by_us')
  }

  /** Sends no more frames, and plays on. */
  mute(): void {
    this.#muted = true
  }

  /** One of so many frames of the caller is lost, and known to be by the frame after it. */
  lose(every: number): void {
    this.#loseEvery = every
  }

  /** The caller has a loudspeaker: what they hear comes back, mu-law only. */
  echo(options: { delayFrames: number; gain: number }): void {
    this.#echo = options
  }

  /** The caller hangs up. */
  stop(): void {
    this.#halt()
    this.emit('stopped', 'stop')
  }

  /** The socket goes without a word. */
  vanish(): void {
    this.#halt()
    this.emit('stopped', 'socket_closed')
  }

  #halt(): void {
    this.#running = false
    this.#cancelTick()
  }

  #hear(payload: Uint8Array, leftMs: number, playedMs: number): void {
    const perMs = bytesPerMs(this.outboundFormat)
    const start = payload.byteLength - leftMs * perMs
    this.#played.push(payload.subarray(start, start + playedMs * perMs))
  }

  #callerFrame(): Uint8Array {
    const frame = new Uint8Array(TICK_MS * bytesPerMs(this.outboundFormat)).fill(0xff)
    const heard = this.#echo && this.#played.at(-1 - this.#echo.delayFrames)
    if (!this.#echo || !heard) return frame
    const { gain } = this.#echo
    return frame.map((silence, i) =>
      i < heard.length ? encodeMulawSample(MULAW_TO_LINEAR[heard[i]] * gain) : silence
    )
  }

  #tick(): void {
    if (!this.#running) return
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#play(TICK_MS)
      const frame = this.#callerFrame()
      if (!this.#muted) this.#record(frame)
      this.#tick()
    })
  }

  #record(frame: Uint8Array): void {
    if (++this.#frames % this.#loseEvery === 0) {
      this.#lost += 1
      return
    }
    const lost = this.#lost
    this.#lost = 0
    this.#toServer(() => {
      if (lost > 0) this.emit('missing', lost)
      this.emit('audio', frame)
    })
  }

  #play(ms: number): void {
    let leftMs = ms
    while (leftMs > 0 && this.#queue.length > 0) {
      const head = this.#queue[0]
      if ('ms' in head) {
        const playedMs = Math.min(head.ms, leftMs)
        this.#hear(head.payload, head.ms, playedMs)
        head.ms -= playedMs
        leftMs -= playedMs
        this.playedMs += playedMs
        if (head.ms <= 1e-9) this.#queue.shift()
      }
      this.#returnMarks()
    }
  }

  #returnMarks(): void {
    for (;;) {
      const head = this.#queue[0]
      if (!head || !('mark' in head)) return
      this.#queue.shift()
      this.#toServer(() => this.emit('mark', head.mark))
    }
  }

  #toServer(task: () => void): void {
    if (this.#delayMs === 0) task()
    else this.#clock.after(this.#delayMs, task)
  }

  #fromServer(task: () => void): void {
    if (this.#delayMs === 0) task()
    else this.#clock.after(this.#delayMs, task)
  }
}
