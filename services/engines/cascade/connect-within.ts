import type { Clock } from '../../../sessions/contracts/clock.ts'

/** Aborts `connect` after `deadlineMs`, or with `signal`. */
export async function connectWithin(
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
  connect: (signal: AbortSignal) => Promise<void>
): Promise<void> {
  const deadline = new AbortController()
  const cancel = clock.after(deadlineMs, () => deadline.abort())
  try {
    await connect(AbortSignal.any([signal, deadline.signal]))
  } finally {
    cancel()
  }
}
