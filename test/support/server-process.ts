import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { defer, eventually } from './databases.ts'

const SERVER = path.join(import.meta.dirname, '../../server.ts')
const START_DEADLINE_MS = 30_000

export interface ServerProcess {
  readonly child: ChildProcess
  /** Whether it has logged this event. */
  readonly has: (event: string) => boolean
}

/**
 * A server in a process of its own, as it is deployed. Resolves when it listens; fails with what it printed when it
 * ends before. Killed at the end of the test where it still runs.
 */
export async function startServerProcess(
  t: TestContext,
  env: Record<string, string>
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [SERVER], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }
  })
  const runs = () => child.exitCode === null && child.signalCode === null
  defer(t, async () => {
    if (!runs()) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const printed: string[] = []
  const events = new Set<string>()
  createInterface({ input: child.stderr }).on('line', (line) => printed.push(line))
  createInterface({ input: child.stdout }).on('line', (line) => {
    printed.push(line)
    if (line.startsWith('{')) events.add(JSON.parse(line).event)
  })
  const has = (event: string) => events.has(event)
  await eventually(
    'the server listens',
    () => {
      if (!runs()) throw new Error(`The server ended. It printed:\n${printed.join('\n')}`)
      return has('server.started')
    },
    START_DEADLINE_MS
  )
  return { child, has }
}
