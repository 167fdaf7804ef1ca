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
    await turnOfTheLoop()
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

  it('stores what a busy one tells in larger batches, and never later than after a second', async (t) => {
    const { batches, tell, pass } = open(t)
    await tell(15)
    await tell(10)
    await pass(599)
    await tell(200)
    assert.deepEqual(batches, [15])
    await pass(1)
    assert.deepEqual(batches, [15, 210])
    await tell(1)
    await pass(999)
    assert.deepEqual(batches, [15, 210])
    await pass(1)
    assert.deepEqual(batches, [15, 210, 1])
    await tell(1)
    await pass(200)
    assert.deepEqual(batches, [15, 210, 1, 1], 'it is quiet again')
  })
})
