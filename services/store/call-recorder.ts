import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { CallEvent, CallEvents, PublishedCallEvent } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Rounding } from '../config.ts'
import type { PricedUsage } from '../pricing/pricing.ts'
import { BatchWriter } from './batch-writer.ts'
import { isEssential, isRecorded } from './row-batch.ts'
import { findLeftSpools } from './spool/left-spool.ts'
import { Spool, type SpoolOptions } from './spool/spool.ts'
import type { SpoolLine } from './spool/spool-record.ts'
import { SpoolDrain, type SpoolSource } from './spool-drain.ts'

/** Records that wait for longer than this are behind. */
const BEHIND_MS = 5_000
/** How long a stop waits for a database that is out of reach. */
const DOWN_FLUSH_MS = 1_000

/** What an event costs: usage with its price, and a carrier's minutes at the end. */
export type Pricing = (published: PublishedCallEvent) => readonly PricedUsage[]

export interface CallRecorderOptions {
  /** The events of this replica's own calls. */
  readonly events: CallEvents
  readonly clock: Clock
  /** Of the spools. */
  readonly folder: string
  readonly pool: pg.Pool
  /** Of the database, for log lines. */
  readonly description: string
  readonly replicaId: string
  readonly log: Logger
  readonly pricing: Pricing
  readonly rounding: Rounding
  readonly openFile?: SpoolOptions['openFile']
}

/**
 * Keeps what happens to calls: each event on the bus goes to a spool on disk, and from there to the tables, in order and
 * once. Neither waits for the other, and no call for either.
 */
export class CallRecorder {
  readonly #options: CallRecorderOptions
  readonly #writer: BatchWriter
  readonly #spool: Spool
  readonly #drain: SpoolDrain
  readonly #unsubscribe: () => void
  #left: SpoolDrain | null = null
  #isStarted = false
  /** Since when something has been waiting, in ms of the clock. */
  #waitsSince = 0
  #dropsDetails = false

  constructor(options: CallRecorderOptions) {
    this.#options = options
    this.#writer = new BatchWriter(options)
    this.#spool = new Spool(options)
    this.#drain = this.#drainOf(this.#spool)
    this.#spool.onWritten(() => {
      if (this.#isStarted) this.#drain.poke()
    })
    this.#unsubscribe = options.events.subscribe((published) => this.#record(published), isRecorded)
  }

  /** Records not yet in the database. */
  get pending(): number {
    return this.#spool.last - this.#drain.stored
  }

  /** How often the disk has refused records since the start. */
  get diskRefusals(): number {
    return this.#spool.refusals
  }

  /** `down`: the database is out of reach; `behind`: it lags more than five seconds behind. */
  get state(): 'ok' | 'behind' | 'down' {
    if (!this.#isStarted || this.#drain.isDown || this.#left?.isDown) return 'down'
    if (this.pending === 0) return 'ok'
    const waitsSince = Math.max(this.#waitsSince, this.#drain.storedAt)
    return this.#options.clock.now() - waitsSince > BEHIND_MS ? 'behind' : 'ok'
  }

  /**
   * Stores what earlier processes left on disk: of this replica, and of others that nobody has touched for `silentMs`.
   * Resolves with whether there was anything. Waits for the database as long as it takes; never rejects.
   */
  async storeLeft(silentMs: number): Promise<boolean> {
    const { folder, replicaId, log } = this.#options
    const spools = await findLeftSpools({ folder, ownId: this.#spool.id, replicaId, silentMs, log })
    for (const spool of spools) {
      this.#left = this.#drainOf(spool)
      await this.#left.run()
      if (this.#left.isStopped) {
        await spool.close()
        return false
      }
      await spool.remove().catch(() => undefined)
      await this.#writer.forget(spool.id).catch(() => undefined)
      log.info({ event: 'spool.stored', records: this.#left.stored }, 'Records of an earlier process stored')
    }
    this.#left = null
    return spools.length > 0
  }

  /** Begins to store; events published before are kept on disk until then. */
  start(): void {
    this.#isStarted = true
    this.#drain.poke()
  }

  /** To be called every few seconds: tells other processes that this one lives, and tidies up. */
  async keepAlive(): Promise<void> {
    await this.#spool.touch()
    if (this.#isStarted) this.#drain.poke()
  }

  /** Resolves true when everything published so far is in the database, false when `deadlineMs` passed before. */
  async flush(deadlineMs: number): Promise<boolean> {
    const timer = new AbortController()
    const deadline = delay(deadlineMs, false, { signal: timer.signal }).catch(() => false)
    const { last } = this.#spool
    const isStored = () => this.#drain.stored >= last
    let inTime = true
    while (inTime && !isStored()) inTime = await Promise.race([deadline, this.#storeSpooled()])
    timer.abort()
    return isStored()
  }

  /** Has nothing remain on disk of what is in the database: it is to be erased there. Waits for `deadlineMs` at most. */
  async retire(deadlineMs: number): Promise<void> {
    await this.flush(deadlineMs)
    this.#spool.retire()
    // One that is under way may be past it; the next closes the file, and the last removes it.
    if (this.#isStarted) for (let runs = 0; runs < 3; runs++) await this.#drain.run()
  }

  /** Stops listening and flushes. What could not be stored stays on disk for the next start; see `spool.left`. */
  async close(deadlineMs: number): Promise<void> {
    this.#unsubscribe()
    // Who is down has no word of when they are back, and the records are safe.
    if (this.#isStarted)
      await this.flush(this.state === 'down' ? Math.min(DOWN_FLUSH_MS, deadlineMs) : deadlineMs)
    await this.#left?.close()
    await this.#drain.close()
    await this.#spool.close(this.#drain.stored)
    const lost = this.#spool.unwritten(this.#drain.stored)
    const left = this.pending - lost.length
    const { log } = this.#options
    if (left > 0) log.warn({ event: 'spool.left', records: left }, 'Records wait on disk for the next start')
    for (const line of lost)
      log.error(
        { event: 'store.lost', ...summaryOf(line) },
        'A record was not stored: neither disk nor database took it'
      )
    if (this.pending === 0 && this.#drain.stored > 0)
      await this.#writer.forget(this.#spool.id).catch(() => undefined)
  }

  #drainOf(source: SpoolSource): SpoolDrain {
    const { log, description, folder } = this.#options
    const refused = path.join(folder, 'refused.jsonl')
    const keepRefused = (line: SpoolLine) => appendFile(refused, `${JSON.stringify(line)}\n`, { mode: 0o600 })
    return new SpoolDrain({ source, writer: this.#writer, log, description, keepRefused })
  }

  async #storeSpooled(): Promise<true> {
    await this.#spool.flush()
    if (this.#isStarted) await this.#drain.run()
    // Not started yet, or asked while a run was at its end: the event loop goes on meanwhile.
    await delay(10)
    return true
  }

  #record(published: PublishedCallEvent): void {
    const { call, at, event } = published
    const { clock, replicaId, pricing } = this.#options
    const items = pricing(published)
    const record =
      items.length > 0 ? { replicaId, call, at, event: bare(event), items } : { replicaId, call, at, event }
    const essential = isEssential(event.type)
    // What bills is on disk before anything else can happen to it.
    const urgent = event.type === 'call.answered' || event.type === 'call.ended'
    if (this.pending === 0) this.#waitsSince = clock.now()
    if (this.#spool.append(record, { essential, urgent })) this.#dropsDetails = false
    else this.#drop(record, essential)
  }

  /** An essential record may be restored from its line; of details one line tells enough. */
  #drop(record: Parameters<typeof summaryOf>[0], essential: boolean): void {
    if (essential || !this.#dropsDetails)
      this.#options.log.error(
        { event: 'store.dropped', ...summaryOf(record), pending: this.pending },
        'Neither disk nor database takes records, and memory has no room left: further ones are dropped'
      )
    if (!essential) this.#dropsDetails = true
  }
}

/** What its items tell again is left out. */
function bare(event: CallEvent): CallEvent {
  return event.type === 'usage' ? { ...event, records: [] } : event
}

/** What an operator needs to make good a lost record: no words, no phone numbers. */
function summaryOf({
  call,
  at,
  event,
  items
}: Pick<SpoolLine, 'call' | 'at' | 'event' | 'items'>): Record<string, unknown> {
  const { callId, carrier, carrierCallId, direction, agentId } = call
  const known = { callId, carrier, carrierCallId, direction, agentId, at: new Date(at).toISOString() }
  const operation = event.type === 'carrier.event' ? event.name : event.type
  if (event.type === 'usage') return { ...known, operation, usage: items ?? event.records }
  if (event.type !== 'call.ended') return { ...known, operation }
  const { reason, answeredAt, durationMs } = event
  const answered = answeredAt && new Date(answeredAt).toISOString()
  return { ...known, operation, reason, durationMs, answeredAt: answered }
}
