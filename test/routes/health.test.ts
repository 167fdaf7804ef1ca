import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'

describe('health', () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  it('is ok with the number of live calls, and 503 while draining', async () => {
    const { call } = rig.openCall()
    assert.deepEqual((await rig.app.inject('/health')).json(), {
      status: 'ok',
      liveCalls: 1,
      store: 'ok',
      storePending: 0
    })
    const drained = rig.registry.drain(60_000)
    const draining = await rig.app.inject('/health')
    assert.deepEqual([draining.statusCode, draining.json()], [503, { status: 'draining' }])
    await rig.registry.find(call.callId)?.session?.end('operator')
    await drained
  })

  it('tells anyone the connections, the calls and the uptime', async () => {
    const { call, path } = rig.openCall()
    rig.openCall()
    assert.equal(await rig.upgradeStatus(path(rig.tokens.mint(call.callId))), 101)
    rig.clock.advance(5000)
    const { activeConnections, liveCalls, uptimeSeconds } = (await rig.app.inject('/health/metrics')).json()
    assert.deepEqual(
      { activeConnections, liveCalls, uptimeSeconds },
      { activeConnections: 1, liveCalls: 2, uptimeSeconds: 5 }
    )
  })

  it('gives the operator Prometheus text', async () => {
    rig.openCall()
    const response = await rig.app.inject({
      url: '/metrics',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` }
    })
    assert.match(String(response.headers['content-type']), /^text\/plain; version=/)
    assert.match(response.body, /^offhook_live_calls 1$/m)
  })
})
