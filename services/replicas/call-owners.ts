import type { CallEvents, CallIdentity } from '../../sessions/contracts/call-events.ts'
import type { CarrierName } from '../../sessions/contracts/carrier.ts'
import type { RedisLink } from './redis-link.ts'

/** Longer than any call; a note that its replica could not take back is gone after this. */
const LIFETIME_MS = 25 * 60 * 60 * 1000
/** Carriers tell of a call's end when it is over for us already. */
const AFTERLIFE_MS = 10 * 60 * 1000
/** Events of Telnyx's that tell the session of a call. */
const BEGINNINGS = new Set(['call.initiated', 'call.answered'])

export interface CallOwner {
  readonly replicaId: string
  readonly carrier: CarrierName
  readonly isHere: boolean
}

/** Which replica holds a call: noted in Redis as calls begin here, by our id, the carrier's, and Telnyx's session. */
export class CallOwners {
  readonly #link: RedisLink
  readonly #replicaId: string
  readonly #sessions = new Map<string, string>()
  readonly #stop: () => void

  constructor(options: { link: RedisLink; replicaId: string; events: CallEvents }) {
    this.#link = options.link
    this.#replicaId = options.replicaId
    this.#stop = options.events.subscribe(({ call, event }) => {
      if (event.type === 'call.initiated') this.#note([call.callId, call.carrierCallId], call)
      if (event.type === 'call.ended') this.#fade(call)
      if (event.type === 'carrier.event' && BEGINNINGS.has(event.name))
        this.#noteSession(call, event.payload.call_session_id)
    })
  }

  /** Who holds this call, or held it until lately; null where nobody does, or Redis does not tell. */
  async find(id: string): Promise<CallOwner | null> {
    if (id === '') return null
    const note = await this.#link.read(`call:${id}`).catch(() => null)
    if (note === null) return null
    const [replicaId, carrier] = note.split(' ')
    return { replicaId, carrier: carrier as CarrierName, isHere: replicaId === this.#replicaId }
  }

  /** The same, and null where it is this replica. */
  async elsewhere(id: string): Promise<CallOwner | null> {
    const owner = await this.find(id)
    return owner?.isHere ? null : owner
  }

  close(): void {
    this.#stop()
  }

  /** The other legs of a call, those of a transfer, are known by the session alone. */
  #noteSession(call: CallIdentity, sessionId: unknown): void {
    if (typeof sessionId !== 'string' || this.#sessions.get(call.callId) === sessionId) return
    this.#sessions.set(call.callId, sessionId)
    this.#note([sessionId], call)
  }

  #note(ids: readonly string[], { carrier }: CallIdentity, lifetimeMs = LIFETIME_MS): void {
    const keys = ids.map((id) => `call:${id}`)
    this.#link.write(keys, `${this.#replicaId} ${carrier}`, lifetimeMs).catch(() => undefined)
  }

  #fade(call: CallIdentity): void {
    const sessionId = this.#sessions.get(call.callId)
    this.#sessions.delete(call.callId)
    const session = sessionId === undefined ? [] : [sessionId]
    this.#note([call.callId, call.carrierCallId, ...session], call, AFTERLIFE_MS)
  }
}
