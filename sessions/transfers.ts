import { randomUUID } from 'node:crypto'
import type { HeldCall } from './call-registry.ts'
import type { CallSession } from './call-session.ts'
import type { CallEvents, CallIdentity } from './contracts/call-events.ts'
import type { ReplyCarrier, TransferOutcome } from './contracts/carrier.ts'
import type { Clock } from './contracts/clock.ts'
import { CallError } from './errors.ts'

/** How long the other party's phone rings. */
const RING_MS = 30_000
/** Longest wait for the carrier to tell what became of a transfer, beyond the ringing. */
const TOLD_MS = 15_000

interface Transfer {
  readonly id: string
  readonly call: CallIdentity
  readonly carrier: ReplyCarrier
  readonly settle: (outcome: TransferOutcome) => void
  /** The carrier's id of the leg to the other party, once it is known. */
  legId: string | null
  outcome: TransferOutcome | null
  /** Whether the carrier brings the caller's media stream back by itself. */
  streamComes: boolean
}

/**
 * Cold transfers: the caller is handed over to somebody else as soon as they answer, and stays with the agent if they
 * don't. What the carrier tells of the new leg comes in here and nowhere else, so that it can't be taken for the call's.
 */
export class Transfers {
  readonly #clock: Clock
  readonly #events: CallEvents
  /** Also those that are over and whose leg may still ring. */
  readonly #transfers = new Map<string, Transfer>()

  constructor(options: { clock: Clock; events: CallEvents }) {
    this.#clock = options.clock
    this.#events = options.events
  }

  /** @throws CallError INVALID_STATE where the call is over or being transferred already; the carrier's where it refuses. */
  async start(held: HeldCall, carrier: ReplyCarrier, to: string): Promise<TransferOutcome> {
    const { call, session } = held
    if (session?.phase !== 'live' || this.underWay(call.callId)) {
      const detail = { detail: session?.phase === 'live' ? 'transfer_under_way' : 'not_live' }
      throw new CallError('INVALID_STATE', 'The call cannot be transferred now', detail)
    }
    const outcome = await this.#run(call, session, carrier, to)
    this.#events.publish(call, { type: 'transfer.completed', to, outcome })
    return outcome
  }

  /** Whether somebody is being called for this caller. */
  underWay(callId: string): boolean {
    return [...this.#transfers.values()].some(
      ({ call, outcome }) => call.callId === callId && outcome === null
    )
  }

  /** The last transfer of such a call, also one that has just come to nothing. */
  idWhere(matches: (call: CallIdentity) => boolean): string | null {
    return [...this.#transfers.values()].findLast(({ call }) => matches(call))?.id ?? null
  }

  /** The carrier has begun to call the other party: nobody is to be called for a caller who has gone. */
  legRings(transferId: string, legId: string): void {
    const transfer = this.#transfers.get(transferId)
    if (!transfer || transfer.legId === legId) return
    transfer.legId = legId
    if (transfer.outcome === 'caller_hung_up') this.#hangUpLeg(transfer)
  }

  /** The other party has answered, and speaks with the caller. */
  connected(transferId: string): void {
    this.#settle(transferId, 'answered')
  }

  /** Nobody answered. `streamComes`: the carrier brings the caller's media stream back without being asked for it. */
  legEnded(transferId: string, outcome: TransferOutcome, { streamComes = false } = {}): void {
    const transfer = this.#transfers.get(transferId)
    if (transfer) transfer.streamComes = streamComes
    this.#settle(transferId, outcome)
  }

  async #run(
    call: CallIdentity,
    session: CallSession,
    carrier: ReplyCarrier,
    to: string
  ): Promise<TransferOutcome> {
    const { promise, resolve: settle } = Promise.withResolvers<TransferOutcome>()
    const id = randomUUID()
    const transfer: Transfer = { id, call, carrier, settle, legId: null, outcome: null, streamComes: false }
    this.#transfers.set(transfer.id, transfer)
    const callerLeaves = () => this.#callerLeft(transfer)
    session.once('closed', callerLeaves)
    session.handOver(true)
    try {
      const from = call.direction === 'inbound' ? call.to : call.from
      await carrier.transfer(call.carrierCallId, to, { from, ringMs: RING_MS, transferId: transfer.id })
    } catch (error) {
      this.#settle(transfer.id, 'failed')
      session.handOver(false)
      throw error
    } finally {
      this.#clock.after(RING_MS + TOLD_MS, () => void this.#expire(transfer))
    }
    const outcome = await promise
    session.off('closed', callerLeaves)
    if (outcome === 'answered') void session.end('transferred')
    else session.handOver(false, { streamComes: transfer.streamComes })
    return outcome
  }

  #callerLeft(transfer: Transfer): void {
    if (transfer.outcome !== null) return
    this.#settle(transfer.id, 'caller_hung_up')
    this.#hangUpLeg(transfer)
  }

  #hangUpLeg({ carrier, legId }: Transfer): void {
    // The carrier ends the leg by itself, too, where it is quick; either is fine.
    if (legId !== null) carrier.hangUp(legId).catch(() => undefined)
  }

  #settle(transferId: string, outcome: TransferOutcome): void {
    const transfer = this.#transfers.get(transferId)
    if (!transfer || transfer.outcome !== null) return
    transfer.outcome = outcome
    transfer.settle(outcome)
  }

  /** The phone rang its time, and nothing was told: the caller may be in the middle of a conversation all the same. */
  async #expire(transfer: Transfer): Promise<void> {
    const { call, carrier, id } = transfer
    if (transfer.outcome === null) {
      const answered = await carrier.transferAnswered?.(call.carrierCallId).catch(() => false)
      if (!answered) this.#hangUpLeg(transfer)
      this.#settle(id, answered ? 'answered' : 'failed')
    }
    this.#transfers.delete(id)
  }
}
