import { access, constants, statfs } from 'node:fs/promises'
import path from 'node:path'
import { type Check, type Finding, fault, ok, warning } from './check.ts'

const MEGABYTE = 1_000_000
/** An embedded database needs this much to keep going. */
const FAULT_BYTES = 200 * MEGABYTE
const WARNING_BYTES = 1000 * MEGABYTE

/** Where DATA_DIR is or will be: room, and leave to write. */
export const disk: Check = {
  name: 'disk',
  async run({ config }) {
    const folder = await existing(path.resolve(config.dataDir))
    try {
      await access(folder, constants.W_OK)
    } catch {
      return [
        fault(
          `${folder} can't be written to.`,
          'Set DATA_DIR to a folder that the user of the server may write to.'
        )
      ]
    }
    const { bavail, bsize } = await statfs(folder)
    return [judge(folder, bavail * bsize)]
  }
}

export function judge(folder: string, freeBytes: number): Finding {
  const room = `${Math.floor(freeBytes / MEGABYTE)} MB are free where DATA_DIR is (${folder}).`
  const fix = 'Make room, or set DATA_DIR to a larger disk.'
  if (freeBytes < FAULT_BYTES) return fault(room, fix)
  return freeBytes < WARNING_BYTES ? warning(room, fix) : ok(room)
}

/** The folder itself, or the nearest one above it that there is. */
async function existing(folder: string): Promise<string> {
  const found = await access(folder).then(
    () => true,
    () => false
  )
  return found || folder === path.dirname(folder) ? folder : existing(path.dirname(folder))
}
