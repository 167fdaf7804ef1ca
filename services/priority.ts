import { readdirSync, readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

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

/** The same for a process that we started, and its children to come: no call waits for it. */
export function letProcessWait(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has gone, or the system does not let us.
  }
}
