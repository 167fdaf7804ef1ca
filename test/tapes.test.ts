import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { replay } from '../cli/replay/replay.ts'
import { readTape } from '../cli/replay/tape-file.ts'

const folder = path.join(import.meta.dirname, 'tapes')
const tapes = globSync('*.jsonl', { cwd: folder }).sort()

describe('tapes', () => {
  it('are there', () => assert.ok(tapes.length >= 12, `${tapes.length} tapes`))

  for (const file of tapes) {
    it(`${path.basename(file, '.jsonl')} replays without a departure`, async () => {
      const { departures, frames } = await replay(await readTape(path.join(folder, file)))
      assert.deepEqual(departures, [])
      assert.ok(frames.in > 0)
    })
  }
})
