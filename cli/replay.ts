import { parseArgs } from 'node:util'
import type { Deed } from './replay/compare.ts'
import { replay } from './replay/replay.ts'
import { readTape, TapeError } from './replay/tape-file.ts'

const USAGE = `npm run replay -- tape.jsonl [more tapes]

Feeds a recorded call (RECORD_TAPES=true, DATA_DIR/tapes) to the session of this version under a virtual clock, and
prints where what it sends departs from the tape. Exit 0 where nothing does.`
/** More than these of one tape say nothing new. */
const SHOWN = 20
const WIDEST = 200

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' } }
  })
  if (values.help || positionals.length === 0) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  let departures = 0
  for (const file of positionals) departures += await replayFile(file)
  return departures === 0 ? 0 : 1
}

async function replayFile(file: string): Promise<number> {
  const result = await replay(await readTape(file))
  const { departures, frames, durationMs } = result
  for (const { expected, got } of departures.slice(0, SHOWN)) {
    console.log(`  tape:   ${describe(expected)}\n  replay: ${describe(got)}`)
  }
  if (departures.length > SHOWN) console.log(`… and ${departures.length - SHOWN} more`)
  const verdict = departures.length === 0 ? 'no departure' : `${departures.length} departures`
  console.log(
    `${file}: ${frames.in} frames in, ${frames.out} out, ${(durationMs / 1000).toFixed(1)} s: ${verdict}`
  )
  return departures.length
}

function describe(deed: Deed | null): string {
  if (!deed) return 'nothing'
  const what = deed.what.length > WIDEST ? `${deed.what.slice(0, WIDEST)}…` : deed.what
  return `${deed.t.toFixed(2)} ms  ${deed.wire}  ${what}`
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof TapeError) && !(error instanceof TypeError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
