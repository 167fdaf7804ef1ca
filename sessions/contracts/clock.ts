/** The one clock of a call, so that a recorded call can be replayed under a virtual one. */
export interface Clock {
  /** Epoch milliseconds with a fraction; never runs backwards. */
  now(): number
  /** Runs `task` once after `delayMs`. Returns the function that cancels it. Does not keep the process alive. */
  after(delayMs: number, task: () => void): () => void
}
