import type { CallReporter } from './call-reporter.ts'
import type { CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { MediaStopReason, MediaTransport, StreamStart } from './contracts/media-transport.ts'

/** A socket that went without a `stop` is most often a hang-up whose webhook is still on its way. */
const HANGUP_GRACE_MS = 1000
/** Longest wait for a stream that was asked for again. */
const RECONNECT_MS = 10_000
/** Streams lost in a row before the call is given up. */
const RECONNECT_ATTEMPTS = 3
/** A stream that lives so long was brought for good: one that is lost later is not lost in a row. */
const LASTING_MS = 5000

/** Until when the carrier may take the stream away without that being the call's end. */
type Absence = 'until_regained' | 'until_next_stream'

export interface MediaLegOptions {
  readonly call: CallIdentity
  readonly clock: Clock
  readonly reporter: CallReporter
  /** Asks the carrier for the stream again; null where there is no carrier to ask. */
  readonly reconnect: (() => Promise<void>) | null
  /** Wraps a handler so that its fault ends this call alone. */
  readonly guard: <A extends unknown[]>(handler: (...args: A) => void) => (...args: A) => void
  readonly onStarted: (transport: MediaTransport, start: StreamStart, again: boolean) => void
  readonly onAudio: (payload: Uint8Array) => void
  /** So many of the caller's frames before the next one are lost. */
  readonly onMissing: (frames: number) => void
  readonly onMark: (name: string) => void
  readonly onDigit: (digit: string) => void
  /** The stream is gone for now. */
  readonly onLost: () => void
  /** The stream is gone for good, and with it the call. */
  readonly onOver: (reason: EndReason) => void
}

/** The media stream of one call, across the sockets that carry it: a lost one is asked for again while the call lives. */
export class MediaLeg {
  readonly #options: MediaLegOptions
  #transport: MediaTransport | null = null
  #startedAt: number | null = null
  #attempts = 0
  #cancelWait: (() => void) | null = null
  #absence: Absence | null = null
  #closed = false

  constructor(options: MediaLegOptions) {
    this.#options = options
  }

  get connected(): boolean {
    return this.#transport !== null
  }

  get transport(): MediaTransport | null {
    return this.#transport
  }

  /** Takes over a socket, in place of the one before. */
  attach(transport: MediaTransport): void {
    const previous = this.#transport
    this.#transport = transport
    this.#startedAt = null
    this.#wait(null)
    if (this.#absence === 'until_next_stream') this.#absence = null
    if (previous) this.#options.onLost()
    previous?.close()
    const { guard, onAudio, onMissing, onMark, onDigit, reporter } = this.#options
    transport.on(
      'started',
      guard((start) => this.#onStarted(transport, start))
    )
    transport.on('audio', guard(onAudio))
    transport.on('missing', guard(onMissing))
    transport.on('mark', guard(onMark))
    transport.on('dtmf', guard(onDigit))
    transport.on('malformed', (cause) => reporter.publish({ type: 'media.malformed', cause }))
    transport.on(
      'stopped',
      guard((reason) => this.#onStopped(transport, reason))
    )
  }

  /** The carrier may take the stream away until `regain`: that is not the call's end. */
  yield(): void {
    this.#absence = 'until_regained'
    // One that was lost just before is not asked for now.
    this.#wait(null)
  }

  /** The stream is wanted back, if it is gone: `comes` where the carrier brings it without being asked. */
  regain({ comes }: { comes: boolean }): void {
    this.#absence = null
    if (this.#transport || this.#closed) return
    if (comes) this.#wait(RECONNECT_MS, () => this.#reconnect())
    else this.#reconnect()
  }

  /** The carrier takes the stream away now, and brings another within this time, or is asked for it. */
  expectAnother(withinMs: number): void {
    this.#absence = 'until_next_stream'
    this.#wait(withinMs, () => this.regain({ comes: false }))
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    this.#wait(null)
    this.#transport?.close()
  }

  #onStarted(transport: MediaTransport, start: StreamStart): void {
    const { call, clock, reporter, onStarted } = this.#options
    // Nobody but us has given a test call its id: what a phone of software says in its place is its own affair.
    const foreign = call.carrier !== 'test' && start.carrierCallId !== call.carrierCallId
    if (start.carrierCallId !== null && foreign) {
      reporter.publish({ type: 'media.malformed', cause: 'start_of_another_call' })
      transport.close()
      return
    }
    onStarted(transport, start, this.#startedAt !== null)
    this.#startedAt ??= clock.now()
  }

  #onStopped(transport: MediaTransport, reason: MediaStopReason): void {
    transport.removeAllListeners()
    // A carrier that has said `stop` mostly closes its socket, but need not.
    if (reason === 'stop') transport.close()
    if (transport !== this.#transport) return
    this.#transport = null
    if (this.#closed) return
    const { clock, onLost, onOver } = this.#options
    if (this.#startedAt !== null && clock.now() - this.#startedAt >= LASTING_MS) this.#attempts = 0
    const over = this.#absence ? null : endOf(reason)
    // What was heard of it is told by the stream as it was: nothing of it is kept for another.
    if (over) return onOver(over)
    onLost()
    if (this.#absence || this.#closed) return
    if (reason === 'idle') this.#reconnect()
    else this.#wait(HANGUP_GRACE_MS, () => this.#reconnect())
  }

  #reconnect(): void {
    const { reconnect, onOver } = this.#options
    this.#attempts += 1
    if (!reconnect || this.#attempts > RECONNECT_ATTEMPTS) {
      onOver('media_lost')
      return
    }
    this.#wait(RECONNECT_MS, () => this.#reconnect())
    reconnect().catch(() => {
      if (!this.#closed && !this.#transport && !this.#absence) onOver('media_lost')
    })
  }

  #wait(delayMs: number | null, task: () => void = () => {}): void {
    this.#cancelWait?.()
    this.#cancelWait = delayMs === null ? null : this.#options.clock.after(delayMs, task)
  }
}

/** The call's end that this is; null where the stream may come back. */
function endOf(reason: MediaStopReason): EndReason | null {
  if (reason === 'socket_closed' || reason === 'idle') return null
  if (reason === 'stop') return 'caller_hung_up'
  return reason === 'unsupported_media' ? 'carrier_failed' : 'media_lost'
}
