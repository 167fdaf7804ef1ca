import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { RecordConfig } from '../record-config.ts'
import { CallRecordings, type RecordableCall } from '../recording/call-recordings.ts'
import { RECORDINGS, RecordingArchive } from '../recording/recording-archive.ts'
import { RecordingBucket } from '../recording/recording-bucket.ts'
import { createRecordingLinks, type RecordingLinks } from '../recording/recording-link.ts'
import { RecordingStore } from '../recording/recording-store.ts'
import type { Store } from '../store/store.ts'
import { AfterCalls, TELL } from './after-calls.ts'
import { schemaFault } from './analysis-schema.ts'
import { AnalysisStore } from './analysis-store.ts'
import { CallAnalyst } from './call-analyst.ts'
import { CallReports } from './call-report.ts'
import { CallerErasure } from './caller-erasure.ts'
import { DeliveryStore } from './delivery-store.ts'
import { type Job, JobQueue } from './job-queue.ts'
import { UnsettledStore } from './unsettled-store.ts'
import { WebhookDelivery } from './webhook-delivery.ts'

const UPLOAD = 'recording-upload'
/** A bucket that is out of reach is tried for some two days: the recording stays on the disk meanwhile. */
const UPLOAD_OPTIONS = {
  expireInSeconds: 900,
  retryLimit: 50,
  retryDelaySeconds: 5,
  retryDelayMaxSeconds: 3600,
  concurrency: 2
}

/** Longest wait for records of calls to reach the database, before some are erased there. */
const RETIRE_MS = 10_000

export interface FollowUpOptions {
  readonly config: RecordConfig
  readonly dataDir: string
  /** Public address of this server; null where there is none. */
  readonly origin: string | null
  /** Signs links to recordings where there is no secret for webhooks. */
  readonly operatorToken: string
  readonly pool: pg.Pool
  readonly store: Store
  readonly events: CallEvents
  readonly clock: Clock
  readonly log: Logger
  /** The answered call of this id, while it is held here. */
  readonly callOf: (callId: string) => RecordableCall | null
}

/** What is kept of calls beside their rows, and what becomes of it after their end. */
export interface FollowUp {
  readonly recordings: RecordingArchive
  readonly links: RecordingLinks
  readonly analyses: AnalysisStore
  readonly deliveries: DeliveryStore
  readonly erasure: CallerErasure
  /** What is wrong with what an agent wants done after its calls; null where nothing is. */
  agentFault(given: Partial<Pick<AgentProfile, 'webhookUrl' | 'analysis'>>): string | null
  /** Tells a webhook of this call once more; null where there is no secret to sign with. */
  readonly replay: ((delivery: { id: string; callId: string }) => Promise<void>) | null
  /** Completes what is being recorded; `flush` writes the rows of calls, on which the rest depends. Never rejects. */
  close(flush: () => Promise<void>): Promise<void>
}

export async function createFollowUp(options: FollowUpOptions): Promise<FollowUp> {
  const { clock, config, dataDir, events, log, pool, store } = options
  const folder = path.join(dataDir, RECORDINGS)
  await mkdir(folder, { recursive: true }).catch((error) =>
    log.error({ event: 'recordings.no_folder', err: error }, 'Nothing can be recorded')
  )
  const jobs = new JobQueue({ pool, log })
  const recordings = new RecordingArchive({
    store: new RecordingStore(pool),
    requestUpload: (callId) => jobs.send(UPLOAD, { data: { callId }, key: callId }),
    bucket: config.bucket && new RecordingBucket(config.bucket),
    dataDir,
    clock,
    log,
    isRunning: (callId) => running.has(callId)
  })
  jobs.define(UPLOAD, UPLOAD_OPTIONS, ({ data }: Job<{ callId: string }>) => recordings.upload(data.callId))
  const running = new CallRecordings({
    events,
    log,
    folder,
    recordCalls: config.recordCalls,
    callOf: options.callOf,
    onRecorded: (callId) => recordings.recorded(callId),
    onRefused: (callId) => recordings.refused(callId)
  })
  const links = createRecordingLinks({ ...options, secret: linkSecret(options), now: clock.now })
  const analyses = new AnalysisStore(pool)
  const deliveries = new DeliveryStore(pool)
  const erasure = new CallerErasure({
    pool,
    archive: recordings,
    dataDir,
    clock,
    retireSpool: () => store.recorder.retire(RETIRE_MS)
  })
  const afterCalls = createAfterCalls(options, { jobs, links, analyses, deliveries })
  void store.whenReady().then(async (ready) => {
    if (!ready) return
    // What is told of a call that a crash cut off has its recording with it.
    await recordings.start(() => erasure.eraseAftermath())
    await afterCalls.start()
  })

  return {
    recordings,
    links,
    analyses,
    deliveries,
    erasure,
    agentFault({ webhookUrl, analysis }) {
      if (webhookUrl && !config.webhook)
        return 'webhookUrl needs CALL_WEBHOOK_SECRET to be set: what is told is signed with it'
      const fault = analysis?.schema && schemaFault(analysis.schema)
      return fault ? `analysis/schema ${fault}` : null
    },
    replay:
      config.webhook && (({ id, callId }) => jobs.send(TELL, { data: { callId, replay: true }, key: id })),
    async close(flush) {
      await running.close()
      await flush()
      await afterCalls.close()
      await recordings.close()
      await jobs.close()
    }
  }
}

interface Parts {
  readonly jobs: JobQueue
  readonly links: RecordingLinks
  readonly analyses: AnalysisStore
  readonly deliveries: DeliveryStore
}

function createAfterCalls(
  options: FollowUpOptions,
  { jobs, links, analyses, deliveries }: Parts
): AfterCalls {
  const { clock, config, events, log, pool, store } = options
  const { calls } = store
  const unsettled = new UnsettledStore(pool)
  const webhookUrl = config.webhook?.url ?? null
  const delivery =
    config.webhook &&
    new WebhookDelivery({
      secret: config.webhook.secret,
      reports: new CallReports({ calls, analyses, links }),
      deliveries,
      urlFor: async (callId) => (await unsettled.find(callId))?.webhookUrl ?? webhookUrl,
      clock,
      log
    })
  const analyst = config.analysis && new CallAnalyst(config.analysis)
  return new AfterCalls({
    jobs,
    unsettled,
    calls,
    analyses,
    analyst,
    delivery,
    webhookUrl,
    events,
    clock,
    log
  })
}

/** Links are to hold over restarts where a secret does; never is it the secret itself that signs them. */
function linkSecret({ config, operatorToken }: FollowUpOptions): string {
  const secret = config.webhook?.secret ?? operatorToken
  return createHmac('sha256', secret).update('offhook recording links').digest('hex')
}
