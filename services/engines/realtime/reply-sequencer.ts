import type { ResponseCreateEvent } from 'openai/resources/realtime/realtime'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { plainResponse } from './realtime-messages.ts'

/**
 * How long the service may take, once the caller has stopped, to begin the reply that it begins by itself. It takes
 * some milliseconds; after this it will not come, and a reply that was held back for it is asked for.
 */
const OWN_REPLY_MS = 2000
/** Before a refused request is made again where no active response is known whose end could be waited for. */
const RETRY_MS = 1000

/**
 * Keeps to the service's one rule: a conversation has one active response at a time. A request made meanwhile waits
 * for its end; one that lost the race against a response of the service's own is made again, not lost.
 *
 * A request to speak on after a tool result also waits while the caller has the floor, and is dropped when the
 * service then answers by itself, since that answer has seen the result.
 */
export class ReplySequencer {
  readonly #send: (event: ResponseCreateEvent) => string
  readonly #clock: Clock
  #waiting: ResponseCreateEvent[] = []
  #continuation = false
  /** Items that the service has not confirmed: a response that it begins before does not see them. */
  readonly #unconfirmed = new Set<string>()
  #inFlight: { eventId: string; request: ResponseCreateEvent | null } | null = null
  #activeId: string | null = null
  #callerHasFloor = false
  #cancelTimer: (() => void) | null = null

  /** `send` returns the `event_id` that the event was sent with. */
  constructor(options: { send: (event: ResponseCreateEvent) => string; clock: Clock }) {
    this.#send = options.send
    this.#clock = options.clock
  }

  /** The response being generated; null between responses. */
  get activeId(): string | null {
    return this.#activeId
  }

  /** Whether the conversation got something to reply to, and no reply has been asked for yet. */
  get continues(): boolean {
    return this.#continuation
  }

  /** A reply of its own, whatever else is said. In order. */
  request(event: ResponseCreateEvent): void {
    this.#waiting.push(event)
    this.#flush()
  }

  /** The conversation got something to reply to. Asked for several times before a reply begins, it is one reply. */
  continue(): void {
    this.#continuation = true
    this.#flush()
  }

  itemSent(itemId: string): void {
    this.#unconfirmed.add(itemId)
  }

  /** The service has this item in the conversation, or has refused it. */
  itemSettled(itemId: string): void {
    this.#unconfirmed.delete(itemId)
  }

  callerStarted(): void {
    this.#callerHasFloor = true
    this.#setTimer(null)
  }

  callerStopped(): void {
    this.#setTimer(OWN_REPLY_MS)
  }

  /** Returns whether the service began it by itself. */
  responseCreated(id: string): boolean {
    const ownReply = !this.#inFlight
    if (ownReply && this.#unconfirmed.size === 0) this.#continuation = false
    this.#activeId = id
    this.#callerHasFloor = false
    this.#setTimer(null)
    return ownReply
  }

  responseDone(id: string): void {
    if (this.#activeId !== null && this.#activeId !== id) return
    this.#activeId = null
    this.#inFlight = null
    this.#flush()
  }

  /** An error answered the event with this id. True where it was a request for a reply that will be made again. */
  refused(eventId: string, code: string): boolean {
    if (this.#inFlight?.eventId !== eventId) return false
    const { request } = this.#inFlight
    this.#inFlight = null
    if (code !== 'conversation_already_has_active_response') {
      this.#flush()
      return false
    }
    if (request) this.#waiting.unshift(request)
    else this.#continuation = true
    if (this.#activeId === null) this.#setTimer(RETRY_MS)
    return true
  }

  /** The active response was cut before anyone heard it. True where it was a request of its own, which is made again. */
  repeat(): boolean {
    const request = this.#inFlight?.request
    if (!request) return false
    this.#inFlight = null
    this.#waiting.unshift(request)
    return true
  }

  close(): void {
    this.#setTimer(null)
    this.#waiting = []
    this.#continuation = false
  }

  #flush(): void {
    if (this.#activeId !== null || this.#inFlight) return
    const request = this.#waiting.shift() ?? null
    if (request) {
      this.#inFlight = { eventId: this.#send(request), request }
    } else if (this.#continuation && !this.#callerHasFloor) {
      this.#continuation = false
      this.#inFlight = { eventId: this.#send(plainResponse()), request: null }
    }
  }

  #setTimer(ms: number | null): void {
    this.#cancelTimer?.()
    this.#cancelTimer =
      ms === null
        ? null
        : this.#clock.after(ms, () => {
            this.#callerHasFloor = false
            this.#flush()
          })
  }
}
