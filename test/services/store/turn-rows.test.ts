import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eachDatabase } from '../../support/databases.ts'
import { inboundCall, start, turn } from './recorder-rig.ts'

eachDatabase((databases) => {
  describe('the rows of turns', () => {
    it('leaves out the side of a turn that a revision leaves out', async (t) => {
      const { play, flush, pool } = await start(databases, t)
      const call = inboundCall()
      play(call, [
        [5_000, { type: 'turn.completed', turn: turn(1), revised: false }],
        [6_000, { type: 'turn.completed', turn: turn(2), revised: false }]
      ])
      await flush()
      play(call, [[7_000, { type: 'turn.completed', turn: turn(1, { caller: null }), revised: true }]])
      await flush()
      const { rows } = await pool.query(
        'select turn_index, speaker from turns where call_id = $1 order by turn_index, speaker',
        [call.callId]
      )
      const sides = rows.map((row) => [row.turn_index, row.speaker])
      assert.deepEqual(sides, [
        [1, 'agent'],
        [2, 'agent'],
        [2, 'caller']
      ])
    })

    it('lists the caller before the agent when turns are sorted by their index alone', async (t) => {
      const { play, flush, pool } = await start(databases, t)
      const call = inboundCall()
      const turns = Array.from({ length: 30 }, (_, index) => turn(index + 1))
      play(
        call,
        turns.map(
          (each, index) => [index * 5_000, { type: 'turn.completed', turn: each, revised: false }] as const
        )
      )
      play(call, [[200_000, { type: 'turn.completed', turn: turn(3), revised: true }]])
      await flush()
      const { rows } = await pool.query('select speaker from turns where call_id = $1 order by turn_index', [
        call.callId
      ])
      assert.deepEqual(
        rows.map(({ speaker }) => speaker),
        turns.flatMap(() => ['caller', 'agent'])
      )
    })
  })
})
