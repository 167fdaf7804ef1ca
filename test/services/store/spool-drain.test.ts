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
  it('stores what a quiet server tells within a fifth of a second', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(1)
    await tell(1)
    assert.deepEqual(batches, [1])
    await pass(199)
    assert.deepEqual(batches, [1])
    await pass(1)
    assert.deepEqual(batches, [1, 1])
  })

  it('stores what a busy one tells as often as a batch comes together', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(24)
    await tell(30)
    await pass(199)
    assert.deepEqual(batches, [24])
    await pass(1)
    assert.deepEqual(batches, [24, 30])
    await tell(24)
    await pass(159)
    assert.deepEqual(batches, [24, 30])
    await pass(1)
    assert.deepEqual(batches, [24, 30, 24], '30 in 200 ms are 24 in 160 ms')
    await tell(1)
    await pass(160)
    await tell(1)
    await pass(200)
    assert.deepEqual(batches, [24, 30, 24, 1, 1], 'it is quiet again')
  })

  it('takes what has piled up in batches that double, with a pause between them', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(700)
    assert.deepEqual(batches, [32])
    await pass(9)
    assert.deepEqual(batches, [32])
    for (let each = 0; each < 4; each++) await pass(10)
    assert.deepEqual(batches, [32, 64, 128, 256, 220])
    await tell(40)
    await pass(200)
    await pass(10)
    assert.deepEqual(batches.slice(5), [32, 8], 'small ones again')
  })
})
