import type pg from 'pg'
import type { Logger } from 'pino'
import type { CallEvents, PublishedCallEvent } from '../../sessions/contracts/call-events.ts'
import { insertCall } from './call-queries.ts'
import { type Price, writeOf } from './call-writes.ts'
import { WriteQueue } from './write-queue.ts'

export interface CallRecorderOptions {
  /** The events of this replica's own calls. */
  readonly events: CallEvents
  readonly pool: pg.Pool
  /** Of the database, for log lines. */
  readonly description: string
  readonly replicaId: string
  readonly log: Logger
  /** Where missing, all costs are unknown. */
  readonly price?: Price
}

/** Writes what happens to calls: rows of the contract's tables, from the events on the bus, in order within a call. */
export class CallRecorder {
  readonly #queue: WriteQueue
  readonly #replicaId: string
  readonly #price: Price
  readonly #unsubscribe: () => void
  /** Live calls whose row is written, or waits to be written before whatever follows. */
  readonly #begun = new Set<string>()

  constructor(options: CallRecorderOptions) {
    this.#replicaId = options.replicaId
    this.#price = options.price ?? (() => null)
    this.#queue = new WriteQueue(options)
    this.#unsubscribe = options.events.subscribe((published) => this.#record(published))
  }

  /** Records not yet in the database. */
  get pending(): number {
    return this.#queue.pending
  }

  /** Begins to write; events published before are kept in memory until then. */
  start(): void {
    this.#queue.start()
  }

  /** Resolves true when everything published so far is in the database, false when `deadlineMs` passed before. */
  flush(deadlineMs: number): Promise<boolean> {
    return this.#queue.flush(deadlineMs)
  }

  /** Stops listening, flushes, and logs what could not be stored. */
  async close(deadlineMs: number): Promise<void> {
    this.#unsubscribe()
    await this.#queue.close(deadlineMs)
  }

  #record(published: PublishedCallEvent): void {
    const write = writeOf(published, { replicaId: this.#replicaId, price: this.#price })
    if (!write) return
    const { callId } = published.call
    if (published.event.type === 'call.ended') this.#begun.delete(callId)
    const begun = this.#begun.has(callId)
    if (published.event.type === 'call.initiated') this.#begun.add(callId)
    // Every row refers to the call's own, and the end, which bills, finds it even where the first event had no room.
    const row = begun ? [] : [insertCall(published.call, published.at, this.#replicaId)]
    const essential = write.essential || published.event.type === 'call.initiated'
    this.#queue.push({ ...write, essential, statements: [...row, ...write.statements] })
  }
}
