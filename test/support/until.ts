import { setImmediate as turn } from 'node:timers/promises'

const DEADLINE_MS = 15_000

/** The first value of `condition` that is neither undefined nor false, asked at every turn of the event loop. */
export async function until<T>(condition: () => T | undefined | false, what: string): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const value = condition()
    if (value !== undefined && value !== false) return value
    if (Date.now() > deadline) throw new Error(`Waited ${DEADLINE_MS} ms in vain for ${what}`)
    await turn()
  }
}

/** Lets everything run that needs no more than some turns of the event loop: before asserting that nothing happened. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}
