import type { ResponseCreateEvent } from 'openai/resources/realtime/realtime'
import type { SayOptions } from '../../../sessions/contracts/agent-engine.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { plainResponse } from './realtime-messages.ts'

/**
 * How long the service may take, once the caller has stopped, to begin the reply that it begins by itself. It takes
 * some milliseconds; after this it will not come, and a reply that was held back for it is asked for.
 */
const OWN_REPLY_MS = 2000
/** The longest that a request is held back for a caller who speaks: it may be a line that is never quiet. */
const LONGEST_HOLD_MS = 5000
/** Before a refused request is made again where no active response is known whose end could be waited for; or a failed one. */
const RETRY_MS = 1000
/** A service that fails this often in a row will not do better. */
const MOST_FAILURES = 3

/**
 * What becomes of a request whose response the caller cuts before anybody hears it:
 * - `said_first`: it is made again once the caller has finished, and the caller answered after it;
 * - `said_instead`: the same, but the caller is not answered besides, as by the greeting;
 * - `given_up`: the answer to the caller takes its place.
 */
export type IfCut = 'said_first' | 'said_instead' | 'given_up'

interface Request {
  readonly event: ResponseCreateEvent
  readonly ifCut: IfCut
}

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
  #waiting: Request[] = []
  /** Of the first one that waits, where the caller came before it: it does not begin while they speak. */
  #repeats: IfCut | null = null
  #continuation = false
  /** Items that the service has not confirmed: a response that it begins before does not see them. */
  readonly #unconfirmed = new Set<string>()
  #inFlight: { eventId: string; request: Request | null } | null = null
  #activeId: string | null = null
  #callerSpeaks = false
  /** Also after the caller has stopped, until the service has begun its own reply, or does not. */
  #callerHasFloor = false
  /** The caller began to speak after a reply was asked for, which has not begun. */
  #isOvertaken = false
  /** Responses in a row that came to nothing. */
  #failures = 0
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

  /** Whether the service has a response to make: it was asked for, or has begun. */
  get awaitsService(): boolean {
    return this.#activeId !== null || this.#inFlight !== null
  }

  /** Whether the conversation got something to reply to, and no reply has been asked for yet. */
  get continues(): boolean {
    return this.#continuation
  }

  /** What waits to be said again, and so goes before the answer to the caller who cut it; null where nothing does. */
  get repeats(): IfCut | null {
    return this.#repeats
  }

  /**
   * A reply of its own, whatever else is said. In order; not before a caller who speaks has finished, unless `atOnce`.
   * False: the caller was faster.
   */
  request(
    event: ResponseCreateEvent,
    ifCut: IfCut = 'said_first',
    { atOnce = false }: SayOptions = {}
  ): boolean {
    if (ifCut === 'given_up' && this.#callerSpeaks) return false
    this.#waiting.push({ event, ifCut })
    if (atOnce) this.#repeats = null
    else if (this.#callerSpeaks && !this.#repeats) this.#hold()
    this.#flush()
    return true
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
    this.#callerSpeaks = true
    this.#callerHasFloor = true
    this.#isOvertaken = this.#inFlight !== null && this.#activeId === null
    this.#waiting = this.#waiting.filter(({ ifCut }) => ifCut !== 'given_up')
    this.#setTimer(null)
    this.#hold()
  }

  callerStopped(): void {
    this.#callerSpeaks = false
    if (this.#activeId === null) return this.#setTimer(OWN_REPLY_MS)
    // The service begins no reply of its own while another is active.
    this.#callerHasFloor = false
  }

  /**
   * `ownReply`: the service began it by itself. `continuation`: it was asked for by `continue`. `overtaken`: it was asked
   * for before the caller, who speaks now, began to.
   */
  responseCreated(id: string): { ownReply: boolean; continuation: boolean; overtaken: boolean } {
    const ownReply = !this.#inFlight
    const continuation = this.#inFlight?.request === null
    const overtaken = this.#isOvertaken && this.#callerSpeaks
    if (ownReply && this.#unconfirmed.size === 0) this.#continuation = false
    this.#activeId = id
    this.#isOvertaken = false
    this.#callerHasFloor = this.#callerSpeaks
    this.#setTimer(null)
    return { ownReply, continuation, overtaken }
  }

  /**
   * `failed`: the service gave it up before anything of it was heard; somebody waits for it all the same. False where it
   * has failed too often to be asked again.
   */
  responseDone(id: string, { failed = false } = {}): boolean {
    if (this.#activeId !== null && this.#activeId !== id) return true
    const isLost = failed && this.#activeId === id
    const request = this.#inFlight?.request
    this.#activeId = null
    this.#inFlight = null
    this.#failures = isLost ? this.#failures + 1 : 0
    if (this.#failures === MOST_FAILURES) return false
    if (isLost) this.#repeat(request ?? null)
    else this.#flush()
    return true
  }

  /** A caller who speaks meanwhile is answered anew. */
  #repeat(request: Request | null): void {
    if (request) this.#waiting.unshift(request)
    else this.#continuation = true
    if (!this.#callerSpeaks) this.#setTimer(RETRY_MS)
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

  /** The caller cut the active response before anyone heard it. Returns whether it will be asked for again. */
  cutUnheard(): boolean {
    const request = this.#inFlight?.request
    if (!request || request.ifCut === 'given_up') return false
    this.#inFlight = null
    this.#waiting.unshift(request)
    this.#hold()
    return true
  }

  close(): void {
    this.#setTimer(null)
    this.#waiting = []
    this.#repeats = null
    this.#continuation = false
  }

  #flush(): void {
    if (this.#activeId !== null || this.#inFlight) return
    if (this.#repeats && this.#callerHasFloor) return
    this.#repeats = null
    const request = this.#waiting.shift() ?? null
    if (request) {
      this.#inFlight = { eventId: this.#send(request.event), request }
    } else if (this.#continuation && !this.#callerHasFloor) {
      this.#continuation = false
      this.#inFlight = { eventId: this.#send(plainResponse()), request: null }
    }
  }

  /** What waits does not begin while the caller speaks, unless they never stop. */
  #hold(): void {
    this.#repeats = this.#waiting[0]?.ifCut ?? null
    if (!this.#repeats) return
    this.#setTimer(LONGEST_HOLD_MS, () => {
      this.#repeats = null
    })
  }

  /** `due`: what happens then, before what waits goes out; by default the floor is free. */
  #setTimer(ms: number | null, due?: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer =
      ms === null
        ? null
        : this.#clock.after(ms, () => {
            if (due) due()
            else this.#callerHasFloor = false
            this.#flush()
          })
  }
}
