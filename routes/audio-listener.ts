/** What a listener of one call may be behind before it loses frames: about two seconds of both tracks. */
const BACKLOG_BYTES = 64 * 1024
/** A listener that has taken nothing for this long is gone, or too slow to be of use. */
const STALLED_MS = 10_000
/** RFC 6455: the peer violates a policy, here that of keeping up. */
const CLOSE_TOO_SLOW = 1008

/** What a listener needs of a WebSocket. */
export interface ListenerSocket {
  readonly bufferedAmount: number
  send(text: string): void
  close(code: number, reason: string): void
}

/** One who listens: what it can't take in time is lost to it, and nothing is kept for it. */
export class AudioListener {
  readonly #socket: ListenerSocket
  readonly #now: () => number
  /** How to stop listening to each call. */
  readonly #calls = new Map<string, { streamId: string; leave: () => void }>()
  #stalledAt: number | null = null

  constructor(options: { socket: ListenerSocket; now: () => number }) {
    this.#socket = options.socket
    this.#now = options.now
  }

  /** A message that must not be lost. */
  tell(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** Audio, as text: lost where the listener is behind. */
  play(message: string): void {
    if (this.#socket.bufferedAmount <= BACKLOG_BYTES * Math.max(1, this.#calls.size)) {
      this.#stalledAt = null
      this.#socket.send(message)
      return
    }
    this.#stalledAt ??= this.#now()
    if (this.#now() - this.#stalledAt < STALLED_MS) return
    this.close()
    this.#socket.close(CLOSE_TOO_SLOW, 'too_slow')
  }

  follows(callId: string): boolean {
    return this.#calls.has(callId)
  }

  follow(callId: string, streamId: string, leave: () => void): void {
    this.#calls.set(callId, { streamId, leave })
  }

  /** The call is over. */
  stop(callId: string): void {
    const call = this.#calls.get(callId)
    if (!call) return
    this.#calls.delete(callId)
    call.leave()
    this.tell({ event: 'stop', stream_id: call.streamId })
  }

  /** Leaves every call. Idempotent. */
  close(): void {
    for (const { leave } of this.#calls.values()) leave()
    this.#calls.clear()
  }
}
