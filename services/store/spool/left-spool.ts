import { readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import { isSegment, SegmentReader } from './segment-reader.ts'
import { logDamage, OWNER_FILE } from './spool.ts'
import type { SpoolLine } from './spool-record.ts'

/** A spool that its writer left with records in it, when the process died or stopped without a database. */
export class LeftSpool {
  readonly id: string
  readonly #folder: string
  readonly #reader: SegmentReader

  constructor(options: { id: string; folder: string; segments: string[]; log: Logger }) {
    this.id = options.id
    this.#folder = options.folder
    this.#reader = new SegmentReader({
      folder: options.folder,
      segments: options.segments,
      isClosed: true,
      onDamage: (damage) => logDamage(options.log, damage)
    })
  }

  /** As of a `Spool`. */
  async next(stored: number): Promise<SpoolLine[]> {
    for (;;) {
      const lines = await this.#reader.next()
      const fresh = lines.filter(({ n }) => n > stored)
      if (lines.length === 0 || fresh.length > 0) return fresh
    }
  }

  async release(): Promise<void> {}

  /** Leaves the rest for another time. */
  async close(): Promise<void> {
    await this.#reader.close()
  }

  /** Everything in it is in the database. */
  async remove(): Promise<void> {
    await this.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

export interface LeftSpoolsOptions {
  /** Of all spools. */
  readonly folder: string
  /** The spool of this process, which is none. */
  readonly ownId: string
  /** Spools of the same replica are of a process before this one. */
  readonly replicaId: string
  /** Others count as left when nobody has touched them for this long; 0: nobody else can be there. */
  readonly silentMs: number
  readonly log: Logger
}

/** The spools that nobody writes any more, the oldest first. */
export async function findLeftSpools(options: LeftSpoolsOptions): Promise<LeftSpool[]> {
  const { folder, ownId, log } = options
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const found: { spool: LeftSpool; touchedAt: number }[] = []
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name === ownId) continue
    const home = path.join(folder, entry.name)
    const touchedAt = await leftAt(home, options)
    if (touchedAt === null) continue
    const segments = (await readdir(home)).filter(isSegment).sort()
    found.push({ spool: new LeftSpool({ id: entry.name, folder: home, segments, log }), touchedAt })
  }
  return found.sort((a, b) => a.touchedAt - b.touchedAt).map(({ spool }) => spool)
}

/** When its writer was last heard of, in epoch milliseconds; null where they may still live. */
async function leftAt(home: string, { replicaId, silentMs }: LeftSpoolsOptions): Promise<number | null> {
  const ownerFile = path.join(home, OWNER_FILE)
  const owner = await readFile(ownerFile, 'utf8').catch(() => '')
  // A folder without its owner's file was made a moment ago, or was cut short when it was made.
  const { mtimeMs } = await stat(owner ? ownerFile : home)
  const isOurs = owner.includes(JSON.stringify(replicaId))
  return isOurs || Date.now() - mtimeMs >= silentMs ? mtimeMs : null
}
