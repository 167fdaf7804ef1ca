import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'

/** The tapes of calls that are on the disk. */
export interface TapeShelf {
  /** Resolves with null where there is no tape of this call. `callId`: ours. */
  read(callId: string): Promise<{ bytes: number; stream: Readable } | null>
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** `folder`: where the recorder of tapes writes them, as `<callId>.jsonl`. */
export function createTapeShelf(folder: string): TapeShelf {
  return {
    async read(callId) {
      if (!UUID.test(callId)) return null
      try {
        const file = await open(path.join(folder, `${callId}.jsonl`))
        const { size } = await file.stat()
        // Of a call that goes on, what there is of it now.
        return { bytes: size, stream: file.createReadStream({ start: 0, end: Math.max(0, size - 1) }) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    }
  }
}
