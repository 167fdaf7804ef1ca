import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { RouteOptions } from '../../routes/route-options.ts'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'

type Calls = RouteOptions['calls']
type CallRow = Awaited<ReturnType<Calls['findCall']>>

const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
const NEXT = '00000000-0000-4000-8000-00000000000a'

describe('REST API of calls', () => {
  let rig: RouteRig

  afterEach(() => rig.close())

  it('wants the operator token at every door but health', async () => {
    rig = await startRouteRig()
    const doors = [
      ['GET', '/api/calls'],
      ['GET', '/api/calls/x'],
      ['POST', '/api/calls/x/end'],
      ['POST', '/api/calls/x/say'],
      ['POST', '/api/calls/test'],
      ['GET', '/metrics']
    ] as const
    for (const [method, url] of doors) {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${OPERATOR_TOKEN}`, 'Bearer ']) {
        const response = await rig.app.inject({
          method,
          url,
          headers: authorization ? { authorization } : {}
        })
        assert.deepEqual([response.statusCode, response.json().error], [401, 'unauthorized'], url)
      }
    }
    assert.equal((await rig.app.inject({ url: '/health' })).statusCode, 200)
  })

  it('hands the filters to the store, and its page and cursor back', async () => {
    const asked: unknown[] = []
    const listCalls: Calls['listCalls'] = async (filter) => {
      asked.push(filter)
      return { data: [], next: NEXT }
    }
    rig = await startRouteRig({ calls: { listCalls } })
    const plain = await rig.app.inject({ url: '/api/calls', headers })
    assert.deepEqual(plain.json(), { data: [], next: NEXT })
    await rig.app.inject({ url: `/api/calls?status=live&limit=7&before=${NEXT}`, headers })
    assert.deepEqual(asked, [
      { status: null, limit: 50, before: null },
      { status: 'live', limit: 7, before: NEXT }
    ])
    const wrong = await rig.app.inject({ url: '/api/calls?before=yesterday', headers })
    assert.equal(wrong.statusCode, 400)
    assert.match(wrong.json().message, /before/)
  })

  it('has the agent of a live call say something, whether by our id or the carrier’s', async () => {
    rig = await startRouteRig()
    const { call, engine } = rig.openCall()
    for (const id of [call.callId, call.carrierCallId]) {
      const url = `/api/calls/${id}/say`
      const response = await rig.app.inject({ method: 'POST', url, headers, payload: { text: 'hello' } })
      assert.deepEqual(response.json(), { success: true })
    }
    assert.deepEqual(engine.said, ['hello', 'hello'])
  })

  it('waits for the row of a call that has just begun, and says where the database is behind', async () => {
    let isCaughtUp = true
    let row: CallRow = null
    const storeCaughtUp = async () => {
      if (isCaughtUp) row = { id: NEXT } as CallRow
      return isCaughtUp
    }
    rig = await startRouteRig({
      calls: { findCall: async (id) => (id === NEXT ? row : null) },
      storeCaughtUp
    })
    const ask = async (id: string) => {
      const reply = await rig.app.inject({ url: `/api/calls/${id}`, headers })
      return [reply.statusCode, reply.json().id ?? reply.json().error]
    }
    isCaughtUp = false
    assert.deepEqual(await ask(NEXT), [503, 'store_behind'])
    isCaughtUp = true
    assert.deepEqual(await ask(NEXT), [200, NEXT])
    assert.deepEqual(await ask('nobody'), [404, 'unknown_call'])
  })

  it('ends a live call for the operator, and takes one that is over for a success', async () => {
    const row = { id: NEXT } as CallRow
    rig = await startRouteRig({ calls: { findCall: async (id) => (id === NEXT ? row : null) } })
    const { call, engine } = rig.openCall()
    await engine.becomeReady()
    const url = `/api/calls/${call.callId}/end`
    assert.deepEqual((await rig.app.inject({ method: 'POST', url, headers })).json(), { success: true })
    assert.equal(rig.endReasonOf(call.callId), 'operator')
    const over = await rig.app.inject({ method: 'POST', url: `/api/calls/${NEXT}/end`, headers })
    assert.deepEqual(over.json(), { success: true })
  })
})

describe('test calls', () => {
  let rig: RouteRig

  afterEach(() => rig.close())

  it('gives an address and a token that open its media socket', async () => {
    rig = await startRouteRig()
    const response = await rig.app.inject({ method: 'POST', url: '/api/calls/test', headers, payload: {} })
    const { callId, streamUrl, streamToken } = response.json()
    const { pathname, searchParams } = new URL(streamUrl)
    assert.deepEqual([pathname, searchParams.get('call_id')], ['/media-stream-ws', callId])
    const path = `${pathname}?call_id=${callId}`
    assert.equal(await rig.upgradeStatus(path, { 'x-telnyx-streaming-auth-token': streamToken }), 101)
  })

  it('takes a request without a body for one with the defaults', async () => {
    rig = await startRouteRig()
    const response = await rig.app.inject({ method: 'POST', url: '/api/calls/test', headers })
    assert.equal(response.statusCode, 200)
    assert.deepEqual(rig.registry.find(response.json().callId)?.streamFormat, {
      encoding: 'pcmu',
      sampleRate: 8000
    })
  })

  it('streams in the format that was asked for', async () => {
    rig = await startRouteRig()
    const formats = [
      [{ codec: 'PCMA' }, 'pcma', 8000],
      [{ codec: 'L16' }, 'pcm16', 24000],
      [{ codec: 'L16', rate: 16000 }, 'pcm16', 16000]
    ] as const
    for (const [payload, encoding, sampleRate] of formats) {
      const response = await rig.app.inject({ method: 'POST', url: '/api/calls/test', headers, payload })
      const held = rig.registry.find(response.json().callId)
      assert.deepEqual(held?.streamFormat, { encoding, sampleRate })
    }
  })

  it('answers 503 with the reason where there is no room', async () => {
    rig = await startRouteRig({ maxConcurrentCalls: 0 })
    const response = await rig.app.inject({ method: 'POST', url: '/api/calls/test', headers, payload: {} })
    assert.deepEqual([response.statusCode, response.json().error], [503, 'rejected_capacity'])
  })
})
