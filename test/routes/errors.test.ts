import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'

const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` }

describe('errors of the REST API', () => {
  let rig: RouteRig

  before(async () => {
    rig = await startRouteRig()
  })

  after(() => rig.close())

  async function refusal(request: { method?: 'GET' | 'POST'; url: string; payload?: object | string }) {
    const headers =
      typeof request.payload === 'string' ? { ...operator, 'content-type': 'application/json' } : operator
    const response = await rig.app.inject({ method: 'POST', ...request, headers })
    const body = response.json() as { error: string; message: string }
    assert.deepEqual(Object.keys(body).toSorted(), ['error', 'message'])
    assert.match(body.error, /^[a-z][a-z0-9_]*$/)
    return { status: response.statusCode, ...body }
  }

  for (const { title, payload, message } of [
    { title: 'a codec that is none', payload: { codec: 'OPUS' }, message: /codec.*PCMU, PCMA, L16/ },
    {
      title: 'a rate that is none',
      payload: { codec: 'L16', rate: 44100 },
      message: /rate.*8000, 16000, 24000/
    },
    {
      title: 'a rate that its codec has not',
      payload: { codec: 'PCMU', rate: 16000 },
      message: /rate.*8000/
    },
    { title: 'a carrier that is none', payload: { carrier: 'pigeon' }, message: /carrier.*telnyx/ },
    { title: 'a field that is none', payload: { codek: 'PCMU' }, message: /codek/ },
    { title: 'a body that is no object', payload: '[1]', message: /body.*object/ },
    { title: 'a body that is no JSON', payload: '{codec', message: /JSON/ }
  ]) {
    it(`names ${title}`, async () => {
      const refused = await refusal({ url: '/api/calls/test', payload })
      assert.equal(refused.status, 400)
      assert.match(refused.message, message)
    })
  }

  it('names an agent that is not there', async () => {
    const refused = await refusal({ url: '/api/calls/test', payload: { agentId: 'nobody' } })
    assert.deepEqual([refused.status, refused.error], [404, 'unknown_agent'])
    assert.match(refused.message, /agentId nobody/)
  })

  it('names what is missing from, and too long in, what the agent shall say', async () => {
    const missing = await refusal({ url: '/api/calls/x/say', payload: {} })
    assert.deepEqual([missing.status, missing.error], [400, 'invalid_request'])
    assert.match(missing.message, /'text'/)
    const long = await refusal({ url: '/api/calls/x/say', payload: { text: 'a'.repeat(2001) } })
    assert.match(long.message, /text.*2000/)
  })

  it('names a limit, a status and a cursor that are none', async () => {
    const limit = await refusal({ method: 'GET', url: '/api/calls?limit=0' })
    assert.deepEqual([limit.status, limit.error], [400, 'invalid_request'])
    assert.match(limit.message, /limit/)
    assert.match((await refusal({ method: 'GET', url: '/api/calls?limit=many' })).message, /limit/)
    const status = await refusal({ method: 'GET', url: '/api/calls?status=dead' })
    assert.match(status.message, /status.*live, ended/)
  })

  it('tells of a path that is none and of a call that is none', async () => {
    const path = await refusal({ method: 'GET', url: '/api/nothing' })
    assert.deepEqual([path.status, path.error], [404, 'not_found'])
    for (const url of ['/api/calls/nobody/end', '/api/calls/nobody/say']) {
      const call = await refusal({ url, payload: url.endsWith('say') ? { text: 'hello' } : undefined })
      assert.deepEqual([call.status, call.error], [404, 'unknown_call'])
    }
    const call = await refusal({ method: 'GET', url: '/api/calls/nobody' })
    assert.deepEqual([call.status, call.error], [404, 'unknown_call'])
  })
})

describe('errors that are ours', () => {
  it('say nothing of what happened inside', async () => {
    const rig = await startRouteRig({
      calls: { findCall: () => Promise.reject(new Error('password=secret')) }
    })
    const response = await rig.app.inject({ url: '/api/calls/x', headers: operator })
    assert.equal(response.statusCode, 500)
    assert.equal(response.json().error, 'internal')
    assert.doesNotMatch(response.body, /secret/)
    await rig.close()
  })
})
