import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { SpoolLine } from '../../../services/store/spool/spool-record.ts'
import { SpoolDrain } from '../../../services/store/spool-drain.ts'
import { capture } from '../../support/databases.ts'
import { inboundCall, NOON } from './recorder-rig.ts'

/** A drain between a spool and a database that are mere lists, and a clock that the test moves. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOON })
  const waiting: SpoolLine[] = []
  const batches: number[] = []
  const call = inboundCall()
  let told = 0
  const drain = new SpoolDrain({
    source: { id: 's', next: async () => waiting.splice(0), release: async () => undefined },
    writer: {
      position: async () => 0,
      store: async (_spool: string, _position: number, lines: readonly SpoolLine[]) =>
        batches.push(lines.length) > 0
    } as never,
    log: capture().log,
    description: 'a list',
    keepRefused: async () => undefined
  })
  async function tell(records: number): Promise<void> {
    for (let each = 0; each < records; each++)
      waiting.push({
        n: ++told,
        id: `${told}`,
        replicaId: 'a',
        call,
        at: NOON,
        event: { type: 'call.heartbeat' }
      })
    drain.poke()
    await turnOfTheLoop()
  }
  async function pass(ms: number): Promise<void> {
    t.mock.timers.tick(ms)
    for (let turn = 0; turn < 3; turn++) await turnOfTheLoop()
  }
  return { batches, tell, pass }
}

describe('spool drain', () => {
  it('stores what a quiet server tells within a tenth of a second', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(1)
    await tell(1)
    assert.deepEqual(batches, [1])
    await pass(99)
    assert.deepEqual(batches, [1])
    await pass(1)
    assert.deepEqual(batches, [1, 1])
  })

  it('stores what a busy one tells as often as a batch comes together', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(48)
    await tell(60)
    await pass(399)
    assert.deepEqual(batches, [48])
    await pass(1)
    assert.deepEqual(batches, [48, 60])
    await tell(48)
    await pass(319)
    assert.deepEqual(batches, [48, 60])
    await pass(1)
    assert.deepEqual(batches, [48, 60, 48], '60 in 400 ms are 48 in 320 ms')
    await tell(1)
    await pass(320)
    await tell(1)
    await pass(100)
    assert.deepEqual(batches, [48, 60, 48, 1, 1], 'it is quiet again')
  })

  it('takes what has piled up in batches that double, with a pause between them', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(700)
    assert.deepEqual(batches, [64])
    await pass(9)
    assert.deepEqual(batches, [64])
    for (let each = 0; each < 3; each++) await pass(10)
    assert.deepEqual(batches, [64, 128, 256, 252])
    await tell(80)
    await pass(400)
    await pass(10)
    assert.deepEqual(batches.slice(4), [64, 16], 'small ones again')
  })
})
