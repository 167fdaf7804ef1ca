import type { Logger } from 'pino'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { databaseErrorCode } from '../store/database.ts'
import type { PostgresCallStore } from '../store/postgres-call-store.ts'
import type { AnalysisStore } from './analysis-store.ts'
import { AnalysisFault, type CallAnalyst } from './call-analyst.ts'
import type { Job, JobQueue } from './job-queue.ts'
import type { UnsettledCall, UnsettledStore } from './unsettled-store.ts'
import type { WebhookDelivery } from './webhook-delivery.ts'

/** After its end, a call's last words may still be being written, and its recording completed. */
const GRACE_MS = 2_000
const MARGIN_MS = 100
/** For calls whose end nobody here heard of: those of a process that died. */
const LOOK_EVERY_MS = 15_000
const RETRY_SECONDS = 5
const BATCH = 50
/** A webhook is tried for so long. */
const TELL_FOR_MS = 24 * 60 * 60_000

export const ANALYSE = 'call-analysis'
export const TELL = 'call-webhook'

const ANALYSE_OPTIONS = {
  expireInSeconds: 90,
  retryLimit: 5,
  retryDelayMaxSeconds: 300,
  concurrency: 2
}
/** Doubling from 5 s to an hour, there are some 36 tries in a day; TELL_FOR_MS is what ends them. */
const TELL_OPTIONS = {
  expireInSeconds: 60,
  retryLimit: 100,
  retryDelayMaxSeconds: 3600,
  concurrency: 4
}

interface TellData {
  readonly callId: string
  readonly replay?: boolean
}

export interface AfterCallsOptions {
  readonly jobs: JobQueue
  readonly unsettled: UnsettledStore
  readonly calls: PostgresCallStore
  readonly analyses: AnalysisStore
  /** null: there is no chat model. */
  readonly analyst: CallAnalyst | null
  /** null: there is no secret to sign with. */
  readonly delivery: WebhookDelivery | null
  /** For agents without a webhook of their own. */
  readonly webhookUrl: string | null
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  /** Waits, where others than the usual are wanted. */
  readonly waits?: { readonly graceMs: number; readonly retryDelaySeconds: number }
}

/**
 * What follows a call's end: the chat model looks back on it, and the webhook is told. What is to follow is found in the
 * database and put in hand there, once, in the transaction that marks the call as settled: nothing is lost with a
 * process, and nothing is told of a call before its own record is there.
 */
export class AfterCalls {
  readonly #options: AfterCallsOptions
  readonly #unsubscribe: () => void
  readonly #graceMs: number
  #cancelLook: (() => void) | null = null
  #lookAt = Number.POSITIVE_INFINITY
  #looking: Promise<void> = Promise.resolve()
  #started = false
  #closed = false

  constructor(options: AfterCallsOptions) {
    this.#options = options
    const { events, jobs } = options
    this.#graceMs = options.waits?.graceMs ?? GRACE_MS
    const retryDelaySeconds = options.waits?.retryDelaySeconds ?? RETRY_SECONDS
    jobs.define<{ callId: string }>(ANALYSE, { ...ANALYSE_OPTIONS, retryDelaySeconds }, (job) =>
      this.#analyse(job)
    )
    jobs.define<TellData>(TELL, { ...TELL_OPTIONS, retryDelaySeconds }, (job) => this.#tell(job))
    this.#unsubscribe = events.subscribe(
      () => {
        if (this.#started) this.#lookIn(this.#graceMs + MARGIN_MS)
      },
      (type) => type === 'call.ended'
    )
  }

  /** The database is there. Never rejects. */
  async start(): Promise<void> {
    this.#started = true
    await this.#options.jobs.resume().catch((error) => this.#trouble(error))
    this.#lookIn(0)
  }

  /** What is not done stays in the database, for the next start. Idempotent, never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    this.#cancelLook?.()
    await this.#looking
  }

  #lookIn(delayMs: number): void {
    const at = this.#options.clock.now() + delayMs
    if (this.#closed || at >= this.#lookAt) return
    this.#cancelLook?.()
    this.#lookAt = at
    this.#cancelLook = this.#options.clock.after(delayMs, () => {
      this.#lookAt = Number.POSITIVE_INFINITY
      this.#looking = this.#settleAll()
        .catch((error) => this.#trouble(error))
        .finally(() => this.#lookIn(LOOK_EVERY_MS))
    })
  }

  async #settleAll(): Promise<void> {
    const { clock, jobs, unsettled } = this.#options
    const endedBefore = clock.now() - this.#graceMs
    const wake = new Set<string>()
    for (;;) {
      const settled = await unsettled.settle({ endedBefore, limit: BATCH }, async (call, client) => {
        const next = this.#nextFor(call)
        if (!next) return
        await jobs.send(next, { data: { callId: call.callId }, key: call.callId, client })
        wake.add(next)
      })
      if (settled < BATCH || this.#closed) break
    }
    for (const name of wake) jobs.wake(name)
  }

  #nextFor({ answered, analysis, webhookUrl }: UnsettledCall): string | null {
    if (this.#options.analyst && analysis && answered) return ANALYSE
    return this.#options.delivery && (webhookUrl ?? this.#options.webhookUrl) ? TELL : null
  }

  async #analyse({ data, lastTry }: Job<{ callId: string }>): Promise<void> {
    const { analyses, analyst, calls, events, jobs, log, unsettled } = this.#options
    const { callId } = data
    const [settled, details] = await Promise.all([unsettled.find(callId), calls.findCall(callId)])
    if (!settled || !details) return
    const { analysis: request, call, language } = settled
    if (analyst && request && details.turns.length > 0) {
      try {
        const { analysis, usage } = await analyst.analyse(details.turns, { ...request, language })
        await analyses.put(callId, analysis)
        if (usage.length > 0) events.publish(call, { type: 'usage', records: usage })
      } catch (error) {
        const cause = error instanceof AnalysisFault ? error.detail : nameOf(error)
        log.warn({ event: 'analysis.failed', callId, cause, lastTry }, 'A call was not analysed')
        if (!lastTry) throw error
        await analyses.put(callId, { ...UNANALYSED, model: analyst.model, error: cause })
      }
    }
    if (this.#nextFor({ ...settled, analysis: null }) === TELL)
      await jobs.send(TELL, { data: { callId }, key: callId })
  }

  async #tell({ data, createdAt }: Job<TellData>): Promise<void> {
    const { clock, delivery, log } = this.#options
    const { callId, replay = false } = data
    const outcome = await delivery?.attempt(callId, { replay })
    if (outcome !== 'failed' && outcome !== 'gone') return
    const late = clock.now() - createdAt > TELL_FOR_MS
    if (outcome === 'failed' && !late) throw new Error('The webhook did not take it')
    log.error({ event: 'webhook.given_up', callId, outcome }, 'A webhook was given up; it can be replayed')
  }

  #trouble(error: unknown): void {
    const code = databaseErrorCode(error)
    this.#options.log.warn({ event: 'after_call.trouble', code }, 'What follows calls has to wait')
  }
}

const UNANALYSED = { summary: null, data: null, success: null, success_reason: null }

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { status } = error as { status?: number }
  return status ? `http_${status}` : error.name
}
