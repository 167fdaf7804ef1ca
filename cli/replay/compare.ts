import type { TapeLine, TapeWire } from '../../sessions/contracts/call-tape.ts'
import { abbreviate } from './tape-file.ts'

/** Something that the session did: a frame on a wire, a socket that it closed, or the end of the call. */
export interface Deed {
  /** Milliseconds since the call was answered. */
  readonly t: number
  readonly wire: TapeWire | 'call'
  /** The frame with its audio told by length and digest, or the deed in words. */
  readonly what: string
}

export interface Departure {
  /** null where something is missing. */
  readonly expected: Deed | null
  /** null where something is too much. */
  readonly got: Deed | null
}

/** Instants on a tape are those of a clock that stands still while things are handled: this is for rounding. */
const TIME_TOLERANCE_MS = 1
/** After a departure the two are laid side by side again where they agree within this many deeds. */
const WINDOW = 100

export function frameSent(t: number, wire: TapeWire, data: string): Deed {
  return { t, wire, what: abbreviate(data) }
}

export function socketShut(t: number, wire: TapeWire): Deed {
  return { t, wire, what: 'closes the socket' }
}

export function callEnded(t: number, reason: string): Deed {
  return { t, wire: 'call', what: `ended: ${reason}` }
}

/** What was done according to a tape. */
export function deedsOf(lines: readonly TapeLine[]): Deed[] {
  return lines.flatMap((line) => {
    if (line.kind === 'out') return frameSent(line.t, line.wire, line.data)
    if (line.kind === 'shut') return socketShut(line.t, line.wire)
    if (line.kind === 'ended') return callEnded(line.t, line.reason)
    return []
  })
}

/** Every departure of what was done from what was to be done, in order. */
export function compare(expected: readonly Deed[], got: readonly Deed[]): Departure[] {
  const departures: Departure[] = []
  let i = 0
  let j = 0
  while (i < expected.length || j < got.length) {
    const [missing, extra] = agree(expected[i], got[j]) ? [0, 0] : distance(expected, got, i, j)
    for (let k = 0; k < Math.max(missing, extra); k++) {
      departures.push({
        expected: k < missing ? expected[i + k] : null,
        got: k < extra ? got[j + k] : null
      })
    }
    i += missing
    j += extra
    if (i < expected.length && j < got.length) {
      const [wanted, actual] = [expected[i], got[j]]
      if (Math.abs(wanted.t - actual.t) > TIME_TOLERANCE_MS) {
        departures.push({ expected: wanted, got: actual })
      }
      i += 1
      j += 1
    }
  }
  return departures
}

/** How many deeds of either side to pass over, as few as there can be, until both agree again. */
function distance(
  expected: readonly Deed[],
  got: readonly Deed[],
  i: number,
  j: number
): readonly [number, number] {
  for (let both = 1; both <= WINDOW; both++) {
    for (let missing = 0; missing <= both; missing++) {
      if (agree(expected[i + missing], got[j + both - missing])) return [missing, both - missing]
    }
  }
  const left = [expected.length - i, got.length - j]
  return Math.min(...left) < WINDOW ? [left[0], left[1]] : [1, 1]
}

function agree(a: Deed | undefined, b: Deed | undefined): boolean {
  return a !== undefined && b !== undefined && a.wire === b.wire && a.what === b.what
}
