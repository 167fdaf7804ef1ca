/** Promises that settle when something observed becomes true, each with a deadline. */
export class Waiters {
  readonly #pending = new Map<() => void, (why: string) => void>()
  readonly #describe: () => string

  /** `describe` tells a test that waited in vain what happened instead. */
  constructor(describe: () => string) {
    this.#describe = describe
  }

  /** Resolves with the first value that is neither undefined nor false; asked at once and at every `check`. */
  until<T>(condition: () => T | undefined | false, what: string, timeoutMs: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // A test that gave up for another reason leaves this one behind.
    promise.catch(() => {})
    const giveUp = (why: string) => {
      clearTimeout(timer)
      this.#pending.delete(attempt)
      reject(new Error(`Waited for ${what} in vain (${why}). ${this.#describe()}`))
    }
    const timer = setTimeout(giveUp, timeoutMs, `${timeoutMs} ms`)
    const attempt = () => {
      const value = condition()
      if (value === undefined || value === false) return
      clearTimeout(timer)
      this.#pending.delete(attempt)
      resolve(value)
    }
    this.#pending.set(attempt, giveUp)
    attempt()
    return promise
  }

  check(): void {
    for (const attempt of this.#pending.keys()) attempt()
  }

  /** Rejects whoever still waits. */
  close(): void {
    for (const giveUp of this.#pending.values()) giveUp('closed')
  }
}
