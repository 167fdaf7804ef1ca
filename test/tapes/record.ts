import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { replay } from '../../cli/replay/replay.ts'
import { readTape, shorten } from '../../cli/replay/tape-file.ts'
import { startCallRig } from '../support/call-rig.ts'
import { REPLIES, SITUATIONS, type Situation } from './situations.ts'

/**
 * Records the tapes of this folder anew, from the real server between its stand-ins: `npx node test/tapes/record.ts`,
 * or with names of situations. What we sent is kept by its digest, so that a tape stays small.
 */
async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true })
  for (const situation of SITUATIONS) {
    if (positionals.length === 0 || positionals.includes(situation.name)) await recordSituation(situation)
  }
}

async function recordSituation(situation: Situation): Promise<void> {
  const replies = situation.replies ?? REPLIES
  const rig = await startCallRig({
    ...situation.rig,
    env: { ...situation.rig?.env, RECORD_TAPES: 'true' },
    realtime: {
      script: ({ index }) => replies[Math.min(index, replies.length - 1)],
      transcribe: () => 'some words of the caller',
      ...situation.rig?.realtime
    }
  })
  try {
    if (situation.instead) {
      await situation.instead(rig)
    } else {
      const call = rig.telnyx.placeCall()
      await situation.play(call, rig)
      call.hangUp()
    }
    await rig.eventually("select 1 from calls where status = 'ended'")
    await keep(situation.name, path.join(rig.dataDir, 'tapes'))
  } finally {
    await rig.close()
  }
}

async function keep(name: string, folder: string): Promise<void> {
  const [file] = await readdir(folder)
  const text = await readFile(path.join(folder, file), 'utf8')
  const short = text
    .split('\n')
    .filter((line) => line !== '')
    .map(shorten)
  const target = path.join(import.meta.dirname, `${name}.jsonl`)
  await writeFile(target, `${short.join('\n')}\n`)
  const { departures } = await replay(await readTape(target))
  console.log(`${name}: ${departures.length} departures, ${Math.round(short.join('\n').length / 1024)} KiB`)
  for (const departure of departures.slice(0, 5)) console.log(departure)
}

await main()
