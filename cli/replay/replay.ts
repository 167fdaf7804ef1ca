import { setImmediate } from 'node:timers/promises'
import type { CallEvent } from '../../sessions/contracts/call-events.ts'
import type { TapeLine } from '../../sessions/contracts/call-tape.ts'
import { compare, type Departure, deedsOf } from './compare.ts'
import { Stage } from './stage.ts'
import type { Tape } from './tape-file.ts'

export interface ReplayResult {
  readonly departures: readonly Departure[]
  readonly frames: { readonly in: number; readonly out: number }
  readonly durationMs: number
  readonly events: readonly CallEvent[]
}

type StateLine = Extract<TapeLine, { kind: 'state' }>
type CueLine = Exclude<TapeLine, StateLine | { kind: 'engine' | 'out' | 'shut' }>

/** Something that came from outside, and what was found of the sockets while it was handled. */
interface Cue {
  readonly line: CueLine
  readonly states: readonly StateLine[]
}

/**
 * Feeds a recorded call to the same session, transport and engine under a virtual clock, and compares what they do
 * with what was done. The same tape gives the same result every time.
 */
export async function replay(tape: Tape): Promise<ReplayResult> {
  const stage = new Stage(tape)
  const cues = cuesOf(tape.lines)
  stage.session.start()
  for (const [index, cue] of cues.entries()) {
    if (!isSame(cue)) await runTimers(stage, cue.line.t)
    stage.clock.advanceTo(stage.at(cue.line.t))
    stage.foresee(cue.states)
    play(stage, cue.line)
    if (!isSame(cues[index + 1])) await settle()
  }
  const count = (kind: TapeLine['kind']) => tape.lines.filter((line) => line.kind === kind).length
  return {
    departures: compare(deedsOf(tape.lines), stage.deeds),
    frames: { in: count('in'), out: count('out') },
    durationMs: stage.t,
    events: stage.events
  }
}

function cuesOf(lines: readonly TapeLine[]): Cue[] {
  const cues: { line: CueLine; states: StateLine[] }[] = []
  for (const line of lines) {
    if (line.kind === 'state') cues.at(-1)?.states.push(line)
    else if (isCue(line)) cues.push({ line, states: [] })
  }
  return cues
}

function isCue(line: TapeLine): line is CueLine {
  if (line.kind === 'in') return line.during === undefined
  return !['engine', 'out', 'shut', 'state'].includes(line.kind)
}

function isSame(cue: Cue | undefined): boolean {
  return cue !== undefined && 'same' in cue.line && cue.line.same === true
}

/** Everything that falls due before the next cue, each with its promises. */
async function runTimers(stage: Stage, t: number): Promise<void> {
  await settle()
  for (let at = stage.clock.nextAt; at !== null && at <= stage.at(t); at = stage.clock.nextAt) {
    stage.clock.advanceTo(at)
    await settle()
  }
}

function play(stage: Stage, line: CueLine): void {
  switch (line.kind) {
    case 'open':
      if (line.wire === 'carrier' && line.media) stage.openMedia(line.media)
      return
    case 'in':
      return stage.receive(line.wire, line.socket, line.data)
    case 'close':
      return stage.socket(line.wire, line.socket)?.vanish(line.code)
    case 'failed':
      return stage.socket(line.wire, line.socket)?.fail(line.cause)
    case 'pong':
      stage.socket(line.wire, line.socket)?.emit('pong')
      return
    case 'command':
      return stage.command(line.name, line.args)
    case 'tool':
      return stage.toolDone(line.run, line.output)
    case 'ended':
      if (line.outside) stage.end(line.reason)
  }
}

/** Lets promises that are settled run on. */
async function settle(): Promise<void> {
  await setImmediate()
}
