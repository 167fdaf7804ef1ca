import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import { SegmentReader, segmentName } from './segment-reader.ts'
import { decodeLine, encodeLine, encodeRecord, type SpoolLine, type SpoolRecord } from './spool-record.ts'

/** What a power cut may take of what happened; a crash of the process alone takes no more either. */
const SYNC_MS = 100
/** A file is begun anew beyond this size or age, so that what has been stored can be removed, also where more always comes. */
const SEGMENT_BYTES = 4 * 1024 * 1024
const SEGMENT_MS = 30_000
/** Once everything is stored, a file is removed beyond this size or age: words of callers stay no longer than needed. */
const STORED_BYTES = 256 * 1024
const STORED_MS = 30_000
/** How long a disk that refused is left alone. */
const RETRY_MS = 1_000
/** Bounds memory where disk and database both refuse: some 2 kB a record. */
const MAX_UNWRITTEN = 20_000
/** From here on only what bills and tells a call is kept. */
const MAX_UNWRITTEN_DETAILS = MAX_UNWRITTEN / 2

/** Says who writes a spool; its age tells whether they still live. */
export const OWNER_FILE = 'owner.json'

export interface SpoolOptions {
  /** Of all spools; this one gets a folder in it. */
  readonly folder: string
  readonly replicaId: string
  readonly log: Logger
  /** For tests of disks that fail. */
  readonly openFile?: typeof open
}

interface Unwritten {
  readonly n: number
  readonly text: string
}

interface SegmentFile {
  readonly handle: FileHandle
  readonly openedAt: number
  /** Whole records in it. */
  bytes: number
}

/**
 * An append-only log on disk, in files of one JSON record a line. Appending is synchronous and never fails; every
 * 100 ms, or at once where it is urgent, what has come together is written with one call and synced (`fdatasync`), off
 * the event loop. So a crash or a power cut takes the last 100 ms, and neither takes what was urgent a disk's moment
 * before.
 *
 * A disk that refuses (full, read-only, broken) is said in the log and tried again every second. Meanwhile records stay
 * in memory, bounded, and are read from there.
 */
export class Spool {
  /** A new one at every start. */
  readonly id = randomUUID()
  readonly folder: string
  readonly #options: SpoolOptions
  readonly #segments: string[] = []
  readonly #reader: SegmentReader
  #unwritten: Unwritten[] = []
  #last = 0
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #file: SegmentFile | null = null
  #segmentsMade = 0
  /** Whether the last segment is only a name yet. */
  #isNameOnly = false
  /** What is stored is to be removed soon, whatever its size and age. */
  #isRetiring = false
  #refusedAt: number | null = null
  #refusals = 0
  #listener: () => void = () => undefined

  constructor(options: SpoolOptions) {
    this.#options = options
    this.folder = path.join(options.folder, this.id)
    this.#reader = new SegmentReader({
      folder: this.folder,
      segments: this.#segments,
      isClosed: false,
      onDamage: (damage) => logDamage(options.log, damage)
    })
  }

  /** Place of the last record. */
  get last(): number {
    return this.#last
  }

  /** How often the disk has refused since the start. */
  get refusals(): number {
    return this.#refusals
  }

  /** Called when there is more to read. */
  onWritten(listener: () => void): void {
    this.#listener = listener
  }

  /** False where there is no room left, in memory and on disk. `urgent`: to disk at once. */
  append(
    record: Omit<SpoolRecord, 'id'>,
    { essential, urgent }: { essential: boolean; urgent: boolean }
  ): boolean {
    if (this.#unwritten.length >= (essential ? MAX_UNWRITTEN : MAX_UNWRITTEN_DETAILS)) return false
    const n = ++this.#last
    this.#unwritten.push({ n, text: encodeLine(n, encodeRecord(record)) })
    if (urgent && this.#refusedAt === null) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), SYNC_MS).unref()
    return true
  }

  /** Resolves when what was appended so far is on disk, or the disk has refused it. Never rejects. */
  async flush(): Promise<void> {
    const until = this.#last
    // What is being written may have been taken before the last record came.
    for (let tries = 0; tries < 2 && (this.#unwritten[0]?.n ?? until + 1) <= until; tries++) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null
      })
      await this.#writing
    }
  }

  /**
   * The next records in order, from disk, or from memory where the disk refuses them; none where all were given out.
   * Asking again tells that what was given out before, up to `stored`, is in the database.
   */
  async next(stored: number): Promise<SpoolLine[]> {
    for (;;) {
      const lines = await this.#reader.next()
      if (lines.length === 0) return this.#fromMemory(stored)
      const fresh = lines.filter(({ n }) => n > stored)
      if (fresh.length > 0) return fresh
    }
  }

  /** Tells that everything up to this place is in the database. */
  async release(stored: number): Promise<void> {
    if (this.#refusedAt !== null) this.#unwritten = this.#unwritten.filter(({ n }) => n > stored)
    const file = this.#file
    if (stored < this.#last || !file || this.#writing) return
    if (!this.#isRetiring && file.bytes < STORED_BYTES && Date.now() - file.openedAt < STORED_MS) return
    this.#isRetiring = false
    await this.#closeFile()
    // The reader leaves a file for the one after it, and removes what it leaves.
    this.#nameNext()
  }

  /** Has the file of now removed as soon as everything in it is in the database. */
  retire(): void {
    this.#isRetiring = true
  }

  /** Tells others that this spool has somebody who writes it. Never rejects. */
  async touch(): Promise<void> {
    const now = new Date()
    await utimes(path.join(this.folder, OWNER_FILE), now, now).catch(() => undefined)
  }

  /** Writes what is left. With everything `stored`, nothing remains on disk; else it is there for the next start. */
  async close(stored: number): Promise<void> {
    await this.flush()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#file?.handle.close().catch(() => undefined)
    this.#file = null
    await this.#reader.close()
    if (stored >= this.#last) await rm(this.folder, { recursive: true, force: true }).catch(() => undefined)
  }

  /** Records that are neither in the database nor on disk. */
  unwritten(stored: number): SpoolLine[] {
    return this.#unwritten.filter(({ n }) => n > stored).map(({ text }) => decodeLine(text) as SpoolLine)
  }

  #fromMemory(stored: number): SpoolLine[] {
    if (this.#refusedAt === null) return []
    return this.unwritten(stored).slice(0, 256)
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const last = this.#unwritten.at(-1)?.n ?? 0
    const text = this.#unwritten.map((line) => line.text).join('')
    try {
      const file = await this.#openFile()
      const { bytesWritten } = await file.handle.write(text, null, 'utf8')
      if (bytesWritten < Buffer.byteLength(text)) throw new ShortWrite()
      file.bytes += bytesWritten
      this.#unwritten = this.#unwritten.filter(({ n }) => n > last)
      this.#listener()
      await file.handle.datasync()
      this.#accepted()
      if (file.bytes > SEGMENT_BYTES || Date.now() - file.openedAt > SEGMENT_MS) await this.#closeFile()
    } catch (error) {
      await this.#refused(error)
    }
    if (this.#unwritten.length > 0)
      this.#timer ??= setTimeout(
        () => void this.flush(),
        this.#refusedAt === null ? SYNC_MS : RETRY_MS
      ).unref()
  }

  async #openFile(): Promise<SegmentFile> {
    if (this.#file) return this.#file
    await this.#makeFolder()
    const name = this.#isNameOnly ? (this.#segments.at(-1) as string) : this.#nameNext()
    const { openFile = open } = this.#options
    const handle = await openFile(path.join(this.folder, name), 'a', 0o600)
    this.#isNameOnly = false
    this.#file = { handle, bytes: 0, openedAt: Date.now() }
    return this.#file
  }

  #nameNext(): string {
    const name = segmentName(++this.#segmentsMade)
    this.#segments.push(name)
    this.#isNameOnly = true
    return name
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const owner = { replicaId: this.#options.replicaId, pid: process.pid, since: new Date().toISOString() }
    await writeFile(path.join(this.folder, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 })
  }

  /** The next record begins another file. */
  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.handle.close()
  }

  /** What was written by halves is taken back, as far as the disk lets us: the next try begins another file. */
  async #abandonFile(): Promise<void> {
    const file = this.#file
    if (!file) return
    this.#file = null
    await file.handle.truncate(file.bytes).catch(() => undefined)
    await file.handle.close().catch(() => undefined)
    // Only the first of them may be held by the reader.
    if (file.bytes > 0 || this.#segments.length < 2) return
    const name = this.#segments.pop() as string
    await rm(path.join(this.folder, name), { force: true }).catch(() => undefined)
  }

  #accepted(): void {
    if (this.#refusedAt === null) return
    const refusedMs = Date.now() - this.#refusedAt
    this.#refusedAt = null
    this.#options.log.info({ event: 'spool.recovered', refusedMs }, 'The disk takes records of calls again')
  }

  async #refused(error: unknown): Promise<void> {
    this.#refusals += 1
    await this.#abandonFile()
    if (this.#refusedAt !== null) return
    this.#refusedAt = Date.now()
    const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'unknown'
    this.#options.log.error(
      { event: 'spool.failed', code, folder: this.#options.folder, advice: adviceFor(code) },
      'The disk refuses records of calls; calls go on, and their records wait in memory'
    )
    this.#listener()
  }
}

/** The disk took a part and gave no reason: it is full, by all experience. */
class ShortWrite extends Error {
  override readonly name = 'ENOSPC'
}

export function logDamage(log: Logger, damage: { segment: string; bytes: number; torn: boolean }): void {
  const { torn, ...fields } = damage
  if (torn) log.warn({ event: 'spool.torn', ...fields }, 'The last record before a crash was cut short')
  else log.error({ event: 'spool.damaged', ...fields }, 'A record on disk is damaged and was left out')
}

function adviceFor(code: string): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Make room on the disk of DATA_DIR.'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'Let Offhook write to DATA_DIR.'
  return 'Check the disk of DATA_DIR.'
}
