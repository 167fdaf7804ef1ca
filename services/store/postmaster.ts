import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A PostgreSQL server that runs on a cluster, as its `postmaster.pid` tells. */
export interface Postmaster {
  readonly pid: number
  /** null while it is still starting. */
  readonly port: number | null
}

/**
 * Reads `postmaster.pid` (lines: pid, data directory, start time, port, socket directory, listen address, shared memory
 * key, status; https://www.postgresql.org/docs/current/storage-file-layout.html).
 *
 * 'stale': the file is there, but its process is gone or its number now belongs to another program. PostgreSQL itself
 * would refuse to start in the second case, which is common after a container's restart.
 */
export async function readPostmaster(clusterDir: string): Promise<Postmaster | 'stale' | null> {
  const text = await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => null)
  if (text === null) return null
  const [pid, , , port] = text.split('\n').map(Number)
  if (!pid) return { pid: 0, port: null }
  if (!(await serves(pid, clusterDir))) return 'stale'
  return { pid, port: port || null }
}

async function serves(pid: number, clusterDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const command = await commandLine(pid)
  // In doubt it is ours: PostgreSQL then guards its files itself.
  return command === null || command.includes(clusterDir)
}

async function commandLine(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null)
  }
  return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => null
  )
}
