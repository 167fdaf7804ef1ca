import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OPERATOR_TOKEN, startRouteRig } from '../support/route-rig.ts'

it('GET /api/usage keeps parts of a minute, and tells unknown costs from none', async () => {
  const row = { calls: 2, minutes: 1.1, seconds: 61.5, cost_usd: 0.0125, unpriced_items: 0 }
  const unknown = { calls: 1, minutes: 1, seconds: 3, cost_usd: null, unpriced_items: 2 }
  const data = [
    { agent_id: 'default', ...row },
    { agent_id: 'sales', ...unknown }
  ]
  const rig = await startRouteRig({ usage: { read: async () => data } })
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
  try {
    const answer = await rig.app.inject({ url: '/api/usage?group=agent', headers })
    assert.deepEqual(answer.json(), { data, next: null })
  } finally {
    await rig.close()
  }
})
