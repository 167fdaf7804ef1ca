import { type FileHandle, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { decodeLine, type SpoolLine } from './spool-record.ts'

/** Bounds what one read takes from the event loop: parsing this much takes a millisecond or two. */
const CHUNK_BYTES = 128 * 1024
const NEWLINE = 10

/** Files of a spool are numbered, so that their names sort in the order of their records. */
export function segmentName(index: number): string {
  return `${String(index).padStart(9, '0')}.jsonl`
}

export function isSegment(name: string): boolean {
  return /^\d{9}\.jsonl$/.test(name)
}

export interface SegmentReaderOptions {
  readonly folder: string
  /** Names, in order. The list may grow at its end; what has been read through is taken from its head. */
  readonly segments: string[]
  /** Whether nothing is written to the last of them either. */
  readonly isClosed: boolean
  /** What no record can be made of. The end of a file may be torn by a crash; anything else is damage. */
  readonly onDamage: (damage: { segment: string; bytes: number; torn: boolean }) => void
}

/**
 * Reads the segments of a spool from first to last, also while the last is being written. It goes forward only: asked
 * for more, it takes what it gave out before for stored, and removes the files that it has read through.
 */
export class SegmentReader {
  readonly #options: SegmentReaderOptions
  #file: FileHandle | null = null
  #offset = 0
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)

  constructor(options: SegmentReaderOptions) {
    this.#options = options
  }

  /** The next whole lines, as many as a read brings; none at the end. Rejects where the disk cannot be read. */
  async next(): Promise<SpoolLine[]> {
    const { segments, isClosed } = this.#options
    for (;;) {
      const [segment] = segments
      if (segment === undefined) return []
      // Asked before the read: a file that has a successor is written no more.
      const isComplete = isClosed || segments.length > 1
      const text = await this.#read(segment, isComplete)
      const lines = text === null ? [] : this.#decode(segment, text)
      if (lines.length > 0) return lines
      if (text === null && !isComplete) return []
      if (text === null) await this.#leave(segment)
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  /** Whole lines without the last newline; null where there are none. */
  async #read(segment: string, isComplete: boolean): Promise<string | null> {
    const file = await this.#open(segment)
    if (!file) return null
    for (;;) {
      const { bytesRead } = await file.read(this.#chunk, 0, this.#chunk.length, this.#offset)
      const end = bytesRead === 0 ? -1 : this.#chunk.lastIndexOf(NEWLINE, bytesRead - 1)
      if (end !== -1) {
        this.#offset += end + 1
        return this.#chunk.toString('utf8', 0, end)
      }
      if (bytesRead < this.#chunk.length) {
        if (isComplete && bytesRead > 0) this.#options.onDamage({ segment, bytes: bytesRead, torn: true })
        return null
      }
      this.#chunk = Buffer.allocUnsafe(this.#chunk.length * 2)
    }
  }

  #decode(segment: string, text: string): SpoolLine[] {
    const lines: SpoolLine[] = []
    for (const each of text.split('\n')) {
      const line = decodeLine(each)
      if (line) lines.push(line)
      else this.#options.onDamage({ segment, bytes: Buffer.byteLength(each), torn: false })
    }
    return lines
  }

  async #open(segment: string): Promise<FileHandle | null> {
    try {
      this.#file ??= await open(path.join(this.#options.folder, segment), 'r')
    } catch (error) {
      // Somebody removed it by hand: what was in it is gone, and no reason to stop.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return this.#file
  }

  async #leave(segment: string): Promise<void> {
    await this.close()
    this.#offset = 0
    this.#options.segments.shift()
    await rm(path.join(this.#options.folder, segment), { force: true })
  }
}
