import type { TapeWire } from '../../sessions/contracts/call-tape.ts'
import { abbreviate } from './tape-file.ts'

/** What was sent on a wire, and when: milliseconds since the call was answered. */
export interface SentFrame {
  readonly t: number
  readonly data: string
}

export interface Departure {
  readonly wire: TapeWire | 'call'
  /** null where something is missing. */
  readonly t: number | null
  readonly expected: string | null
  readonly got: string | null
}

/**
 * A timer of the recorded call fired when the event loop came to it; in a replay it fires on the dot. More than this
 * is no delay of the machine any more.
 */
const TIME_TOLERANCE_MS = 60
/** The same delay shows in what was heard. */
const HEARD_TOLERANCE_MS = 5

/** Every departure of what was sent from what the tape says was sent, in order. */
export function compareWire(
  wire: TapeWire,
  expected: readonly SentFrame[],
  got: readonly SentFrame[]
): Departure[] {
  const departures: Departure[] = []
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    const wanted = expected[i] as SentFrame | undefined
    const actual = got[i] as SentFrame | undefined
    if (wanted && actual && sameFrame(wanted, actual)) continue
    departures.push({
      wire,
      t: wanted?.t ?? actual?.t ?? null,
      expected: wanted ? describe(wanted) : null,
      got: actual ? describe(actual) : null
    })
  }
  return departures
}

function sameFrame(wanted: SentFrame, actual: SentFrame): boolean {
  if (Math.abs(wanted.t - actual.t) > TIME_TOLERANCE_MS) return false
  const a = abbreviate(wanted.data)
  const b = abbreviate(actual.data)
  if (a === b) return true
  const heard = [heardMs(a), heardMs(b)]
  if (heard[0] === null || heard[1] === null) return false
  return Math.abs(heard[0] - heard[1]) <= HEARD_TOLERANCE_MS && withoutHeard(a) === withoutHeard(b)
}

const HEARD = /"audio_end_ms":(\d+)/

function heardMs(frame: string): number | null {
  const match = HEARD.exec(frame)
  return match ? Number(match[1]) : null
}

function withoutHeard(frame: string): string {
  return frame.replace(HEARD, '"audio_end_ms":0')
}

function describe({ t, data }: SentFrame): string {
  const frame = abbreviate(data)
  return `${t.toFixed(1)} ms ${frame.length > 200 ? `${frame.slice(0, 200)}…` : frame}`
}
