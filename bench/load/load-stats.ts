import { percentile, round } from '../statistics.ts'

export interface LatencyMs {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

export interface WindowResult {
  /** A caller's frame sent to the same frame in an append. */
  readonly inward: LatencyMs
  /** A delta of the model sent to the media message that it became. */
  readonly outward: LatencyMs
}

/** What the calls of a window measured, all by one clock: both ends of the relay are in this process. */
export class LoadStats {
  #inward: number[] = []
  #outward: number[] = []
  #open = false

  begin(): void {
    this.#inward = []
    this.#outward = []
    this.#open = true
  }

  end(): WindowResult {
    this.#open = false
    return { inward: latency(this.#inward), outward: latency(this.#outward) }
  }

  inward(ms: number): void {
    if (this.#open) this.#inward.push(ms)
  }

  outward(ms: number): void {
    if (this.#open) this.#outward.push(ms)
  }
}

function latency(values: readonly number[]): LatencyMs {
  return {
    p50: round(percentile(values, 0.5), 2),
    p99: round(percentile(values, 0.99), 2),
    count: values.length
  }
}
