import type { TurnLatency } from './contracts/call-events.ts'

/**
 * The stopwatch of one turn. Instants are epoch milliseconds, noted as they happen; the first of each kind counts for
 * the reply, the last for the caller.
 */
export class TurnStopwatch {
  #callerStoppedAt: number | null = null
  #committedAt: number | null = null
  #firstAudioAt: number | null = null
  #firstHeardAt: number | null = null

  /** The caller's last speech was at `stoppedAt`; the engine decided so at `committedAt`. */
  callerStopped(stoppedAt: number, committedAt: number): void {
    if (this.#firstAudioAt !== null) return
    this.#callerStoppedAt = Math.min(stoppedAt, committedAt)
    this.#committedAt = committedAt
  }

  /** The engine's first audio came. */
  firstAudio(at: number): void {
    this.#firstAudioAt ??= at
  }

  /** The first frame was played to the caller. */
  firstHeard(at: number): void {
    this.#firstHeardAt ??= at
  }

  get firstHeardAt(): number | null {
    return this.#firstHeardAt
  }

  /** Whole milliseconds; the parts add up to the whole. */
  read(): TurnLatency {
    const stopped = round(this.#callerStoppedAt)
    const committed = round(this.#committedAt)
    const audio = round(this.#firstAudioAt)
    const heard = round(this.#firstHeardAt)
    return {
      responseMs: between(stopped, heard),
      endpointMs: between(stopped, committed),
      engineMs: between(committed, audio),
      playoutMs: between(audio, heard)
    }
  }
}

/** The value below which `share` (0..1) of the values lie, by nearest rank; null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
}

function round(at: number | null): number | null {
  return at === null ? null : Math.round(at)
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from
}
