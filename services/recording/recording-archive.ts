import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { databaseErrorCode } from '../store/database.ts'
import { isInBucket, type RecordingBucket, type StoredObject } from './recording-bucket.ts'
import { repairRecording } from './recording-file.ts'
import type { RecordingStore } from './recording-store.ts'

/** Below DATA_DIR. */
export const RECORDINGS = 'recordings'

const FILE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.wav$/
/** A call's row may be written a little later than its recording is complete. */
const REGISTER_MS = 250
const REGISTER_MAX_MS = 10_000
const SWEEP_MS = 5 * 60_000
const SECOND_SWEEP_MS = 60_000
const BATCH = 200

/** Where a recording is to be read from. */
export type RecordingSource =
  | { readonly kind: 'file'; readonly folder: string; readonly name: string }
  | { readonly kind: 'object'; readonly object: StoredObject }

export interface RecordingArchiveOptions {
  readonly store: RecordingStore
  /** Has a complete recording sent to the bucket. */
  readonly requestUpload: (callId: string) => Promise<void>
  /** null: recordings stay on this disk. */
  readonly bucket: RecordingBucket | null
  readonly dataDir: string
  readonly clock: Clock
  readonly log: Logger
  /** Whether a call's file may still grow. */
  readonly isRunning: (callId: string) => boolean
}

/** The recordings that there are: on this disk or in the bucket, as the rows of their calls say. */
export class RecordingArchive {
  readonly #options: RecordingArchiveOptions
  readonly #folder: string
  /** Calls whose row is to say so: true, there is a recording; false, there must be none. */
  readonly #unsaid = new Map<string, boolean>()
  #retryMs = REGISTER_MS
  #saying: Promise<void> = Promise.resolve()
  #cancelRetry: (() => void) | null = null
  #cancelSweep: (() => void) | null = null
  #alsoSweep: () => Promise<void> = async () => {}
  #closed = false

  constructor(options: RecordingArchiveOptions) {
    this.#options = options
    this.#folder = path.join(options.dataDir, RECORDINGS)
  }

  /** The database is there: makes good what a crash left, deletes what is due, and does so again every few minutes; `alsoSweep` with it. */
  async start(alsoSweep: () => Promise<void>): Promise<void> {
    this.#alsoSweep = alsoSweep
    this.#say()
    await this.#sweep()
    await this.#saying
    // Rows of before the start may be written a little after it.
    this.#sweepLater(SECOND_SWEEP_MS)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelSweep?.()
    this.#say()
    await this.#saying
    await this.#options.bucket?.close()
  }

  /** The file of a call is complete. */
  recorded(callId: string): void {
    if (!this.#unsaid.has(callId)) this.#unsaid.set(callId, true)
    this.#say()
  }

  /** The file of a call must go, and none must follow. */
  refused(callId: string): void {
    this.#unsaid.set(callId, false)
    this.#say()
  }

  /** Resolves null where there is nothing at this path any more, or not here. */
  async open(recordingPath: string, range: string | undefined): Promise<RecordingSource | null> {
    const { bucket, dataDir } = this.#options
    if (isInBucket(recordingPath)) {
      const object = await bucket?.read(recordingPath, range)
      return object ? { kind: 'object', object } : null
    }
    const file = path.join(dataDir, recordingPath)
    const found = await stat(file).catch(() => null)
    return found && { kind: 'file', folder: path.resolve(path.dirname(file)), name: path.basename(file) }
  }

  /** Deletes the recording of a call for good; `recordingPath` as its row has it. Rejects where that fails. */
  async remove(callId: string, recordingPath: string | null): Promise<void> {
    await this.removeFiles(callId, recordingPath)
    await this.#options.store.forget(callId, this.#options.clock.now())
  }

  /** The same, without a word to the database. */
  async removeFiles(callId: string, recordingPath: string | null): Promise<void> {
    const { bucket, dataDir } = this.#options
    await rm(path.join(this.#folder, `${callId}.wav`), { force: true })
    if (recordingPath === null) return
    if (!isInBucket(recordingPath)) return rm(path.join(dataDir, recordingPath), { force: true })
    if (!bucket) throw new Error('The recording is in a bucket, and S3_BUCKET is not set')
    await bucket.remove(recordingPath)
  }

  /** Sends the file of a call to the bucket, and deletes it here. Rejects where it is not here, or the bucket fails. */
  async upload(callId: string): Promise<void> {
    const { bucket, store } = this.#options
    const recordingPath = await store.pathOf(callId)
    if (!bucket || recordingPath === null || isInBucket(recordingPath)) return
    const file = path.join(this.#folder, `${callId}.wav`)
    const address = await bucket.upload(callId, file)
    // Deleted meanwhile: then it is to be nowhere.
    if (!(await store.keep(callId, address))) await bucket.remove(address)
    await rm(file, { force: true })
  }

  #say(): void {
    this.#saying = this.#saying.then(() => this.#sayAll())
  }

  async #sayAll(): Promise<void> {
    for (const [callId, kept] of this.#unsaid) {
      const said = await (kept ? this.#keep(callId) : this.#drop(callId)).catch(() => false)
      if (said) this.#unsaid.delete(callId)
    }
    this.#cancelRetry?.()
    this.#cancelRetry = null
    if (this.#unsaid.size === 0) this.#retryMs = REGISTER_MS
    if (this.#unsaid.size === 0 || this.#closed) return
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => this.#say())
    this.#retryMs = Math.min(this.#retryMs * 2, REGISTER_MAX_MS)
  }

  async #keep(callId: string): Promise<boolean> {
    const { bucket, requestUpload, store } = this.#options
    if (!(await store.keep(callId, `${RECORDINGS}/${callId}.wav`))) {
      const [verdict] = await store.verdicts([callId])
      if (verdict?.deleted) await this.removeFiles(callId, null)
      return verdict?.deleted ?? false
    }
    if (bucket) await requestUpload(callId)
    return true
  }

  async #drop(callId: string): Promise<boolean> {
    await this.removeFiles(callId, null)
    return this.#options.store.forget(callId, this.#options.clock.now())
  }

  #sweepLater(delayMs: number): void {
    if (this.#closed) return
    this.#cancelSweep = this.#options.clock.after(delayMs, () => {
      void this.#sweep().finally(() => this.#sweepLater(SWEEP_MS))
    })
  }

  /** Never rejects: what fails is tried again in the next. */
  async #sweep(): Promise<void> {
    try {
      await this.deleteOverdue()
      await this.#lookThroughDisk()
      await this.#alsoSweep()
    } catch (error) {
      const code = databaseErrorCode(error)
      this.#options.log.warn({ event: 'recordings.sweep_failed', code }, 'Recordings were not looked through')
    }
  }

  /** Deletes the recordings that are older than their agents want them. Resolves with how many. */
  async deleteOverdue(): Promise<number> {
    const { clock, log, store } = this.#options
    let deleted = 0
    for (;;) {
      const due = await store.overdue(clock.now(), BATCH)
      for (const { call_id, recording_path } of due) await this.remove(call_id, recording_path)
      deleted += due.length
      if (due.length < BATCH) break
    }
    if (deleted > 0) log.info({ event: 'recordings.expired', deleted }, 'Recordings deleted by their age')
    return deleted
  }

  /** Files that no row speaks of were left by a crash, or by a replica that heard of their deletion too late. */
  async #lookThroughDisk(): Promise<void> {
    const { isRunning, store } = this.#options
    const names = await readdir(this.#folder).catch(() => [])
    const callIds = names.flatMap((name) => FILE.exec(name)?.[1] ?? []).filter((callId) => !isRunning(callId))
    for (let at = 0; at < callIds.length; at += BATCH) {
      const batch = callIds.slice(at, at + BATCH)
      for (const { call_id, recording_path, deleted } of await store.verdicts(batch)) {
        if (deleted) await rm(path.join(this.#folder, `${call_id}.wav`), { force: true })
        else if (recording_path === null) await this.#adopt(call_id)
        else if (this.#waitsForUpload(recording_path)) this.recorded(call_id)
      }
    }
  }

  #waitsForUpload(recordingPath: string): boolean {
    return this.#options.bucket !== null && !isInBucket(recordingPath)
  }

  async #adopt(callId: string): Promise<void> {
    const file = path.join(this.#folder, `${callId}.wav`)
    const readable = await repairRecording(file).catch(() => false)
    if (readable) return this.recorded(callId)
    this.#options.log.error(
      { event: 'recording.unreadable', callId },
      'A recording that a crash left is not readable'
    )
  }
}
