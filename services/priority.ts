import { readdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import pRetry from 'p-retry'

const THREADS = '/proc/self/task'
/** What V8 calls its threads, which collect garbage and compile beside ours. */
const V8_THREAD = 'V8Worker'

/**
 * Lets V8's threads have mostly what time the calls leave. On a machine of few cores they take turns with the thread of all
 * calls otherwise, and a full collection holds up everybody's audio for 100 ms. They must get on all the same: whatever
 * waits for them, garbage and half-compiled code, is memory. Threads have a priority of their own on Linux alone;
 * elsewhere nothing changes.
 */
export function letCollectionsWait(): void {
  try {
    for (const thread of readdirSync(THREADS)) {
      const name = readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim()
      if (name === V8_THREAD) setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL)
    }
  } catch {
    // Another system, or no leave: they keep the priority that they have.
  }
}

/**
 * The same for a process that we started, and its children to come, and last of all: no call waits for it. Lowest, since
 * the system lets what it has begun to run go on for up to 4 ms unless its share is as good as used up.
 */
export function letProcessWait(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has gone, or the system does not let us.
  }
}

/** Children that a process starts later are found this much later at the most. */
const SWEEP_MS = 1_000
/** The kernel takes one change in 100 ms from those who are not root, and answers the next with EAGAIN. */
const AGAIN_MS = 110

/**
 * The same for the children of a process that each begin a session of their own, as PostgreSQL's do: Linux shares a core
 * out between sessions first (sched(7), "The autogroup feature"), so that a niceness counts within a session alone, and
 * theirs is set apart. Otherwise a batch of rows takes the core from all calls for 4 ms at a time. Looks for new
 * children until `stop` is called; does nothing where there are no such groups.
 */
export function letSessionsWait(parent: number): { readonly swept: Promise<void>; stop(): void } {
  const done = new Set<number>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  async function sweep(): Promise<void> {
    try {
      const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
      const pids = children.split(' ').filter(Boolean).map(Number)
      for (const pid of pids) {
        if (isStopped) return
        if (!done.has(pid)) await letSessionWait(pid)
        done.add(pid)
      }
      for (const pid of done) if (!pids.includes(pid)) done.delete(pid)
    } catch {
      // Another system, or the process has gone.
      return
    }
    if (!isStopped) timer = setTimeout(() => void sweep(), SWEEP_MS).unref()
  }

  return {
    swept: sweep(),
    stop() {
      isStopped = true
      clearTimeout(timer)
    }
  }
}

async function letSessionWait(pid: number): Promise<void> {
  await pRetry(() => writeFile(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_LOW)), {
    retries: 5,
    factor: 1,
    minTimeout: AGAIN_MS,
    shouldRetry: ({ error }) => (error as NodeJS.ErrnoException).code === 'EAGAIN'
  }).catch(() => {
    // It has gone, or the system does not let us: it keeps the share that it has.
  })
}
