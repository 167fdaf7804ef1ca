import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import path from 'node:path'

const START_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 30_000

type Reply = { id: number; value: unknown } | { id: number; fault: string }

/** What a process of the benchmark can be asked for: name, argument, answer. */
export type Questions = Record<string, (argument: never) => unknown>

export interface BenchProcess<Q extends Questions> {
  readonly pid: number
  ask<K extends keyof Q & string>(
    question: K,
    argument: Parameters<Q[K]>[0]
  ): Promise<Awaited<ReturnType<Q[K]>>>
  stop(): Promise<void>
}

/** Whether processes can be pinned to a core here. */
export const canPin = spawnSync('taskset', ['--version']).status === 0

const URGENT_NICENESS = -15

/**
 * Starts a module of this folder in a process of its own, pinned to `core`, and waits until it answers. `urgent`: once
 * it does, its event loop goes before what else runs on its core, where that is allowed.
 */
export async function startProcess<Q extends Questions>(
  module: string,
  options: { core: number; env?: Record<string, string>; flags?: string[]; urgent?: boolean }
): Promise<BenchProcess<Q>> {
  const node = [process.execPath, ...(options.flags ?? []), path.join(import.meta.dirname, module)]
  const command = canPin ? ['taskset', '-c', String(options.core), ...node] : node
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env }
  })
  const asked = new Map<number, PromiseWithResolvers<unknown>>()
  let count = 0
  child.on('message', (reply: Reply) => {
    const waiting = asked.get(reply.id)
    asked.delete(reply.id)
    if ('fault' in reply) waiting?.reject(new Error(`${module}: ${reply.fault}`))
    else waiting?.resolve(reply.value)
  })
  child.on('exit', (code, signal) => {
    for (const waiting of asked.values()) waiting.reject(new Error(`${module} ended: ${signal ?? code}`))
    asked.clear()
  })

  function ask(question: string, argument: unknown): Promise<unknown> {
    if (!child.connected) return Promise.reject(new Error(`${module} is not there to be asked '${question}'`))
    count += 1
    const answer = Promise.withResolvers<unknown>()
    asked.set(count, answer)
    child.send({ id: count, question, argument })
    return answer.promise
  }

  await within(START_DEADLINE_MS, `the start of ${module}`, ask('ready', null))
  if (options.urgent) hurry(child.pid as number)
  return { pid: child.pid as number, ask: ask as BenchProcess<Q>['ask'], stop: () => stop(child, module) }
}

/** On Linux the main thread's priority alone. What it is to take the time of must not wait for what else a machine does. */
function hurry(pid: number): void {
  try {
    setPriority(pid, URGENT_NICENESS)
  } catch {
    console.log('Priorities may not be raised here: what else this machine does will be in the figures.')
  }
}

async function stop(child: ChildProcess, module: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.disconnect()
  try {
    await within(STOP_DEADLINE_MS, `the end of ${module}`, ended)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

async function within<T>(deadlineMs: number, what: string, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took more than ${deadlineMs} ms`)),
    deadlineMs
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The other end: answers what the benchmark asks, and ends in order once the benchmark lets go of it. */
export function answerQuestions(questions: Questions, end: () => Promise<void> | void): void {
  process.on(
    'message',
    async ({ id, question, argument }: { id: number; question: string; argument: never }) => {
      try {
        const value = question === 'ready' ? null : await questions[question](argument)
        process.send?.({ id, value: value ?? null })
      } catch (error) {
        process.send?.({ id, fault: error instanceof Error ? String(error.stack) : String(error) })
      }
    }
  )
  // An interrupt from the terminal reaches every process; only the benchmark's own end is theirs.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  process.on('disconnect', async () => {
    await end()
    process.exit()
  })
}
