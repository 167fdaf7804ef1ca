import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { describedOperatorOf } from '../support/described-client.ts'

const CALL = '11111111-1111-4111-8111-111111111111'
const BUSY_CALL = '22222222-2222-4222-8222-222222222222'

/** Replies are held against the document that the server gives of itself. */
describe('what the operator looks back on', { timeout: 60_000 }, () => {
  let rig: CallRig
  let ask: Awaited<ReturnType<typeof describedOperatorOf>>

  before(async () => {
    rig = await startCallRig({ env: { AGENT_ENGINE: 'realtime' } })
    ask = await describedOperatorOf(rig.server)
    await rig.query(
      `insert into calls (id, carrier, carrier_call_id, direction, agent_id, status, end_reason, end_detail,
         initiated_at, answered_at, ended_at, duration_seconds, replica_id)
       values ($1, 'test', 'one', 'inbound', 'default', 'ended', 'caller_hung_up', null, '2026-03-01T10:00Z',
           '2026-03-01T10:00Z', '2026-03-01T10:01Z', 60, 'elsewhere:1'),
         ($2, 'telnyx', 'two', 'outbound', 'default', 'failed', 'carrier_failed', 'busy', '2026-03-02T10:00Z',
           null, '2026-03-02T10:01Z', 0, 'elsewhere:1')`,
      [CALL, BUSY_CALL]
    )
    await rig.query(
      `insert into turns (call_id, turn_index, speaker, said_text, heard_text, started_at, ended_at, response_ms)
       select $1, n, 'agent', '', '', '2026-03-01T10:00Z'::timestamptz + n * interval '20 minutes',
         '2026-03-01T10:00Z', n * 100 from generate_series(1, 4) as n`,
      [CALL]
    )
  })
  after(() => rig.close())

  const fault = async (method: string, url: string, body?: object) => {
    const reply = await ask(method, url, body)
    return [reply.status, reply.body.error]
  }
  const data = async (url: string) => (await ask('GET', url)).body.data as Record<string, unknown>[]

  it('GET /api/latency has percentiles by hour and by day, of the span asked for', async () => {
    const byHour = await data('/api/latency?from=2026-03-01&to=2026-03-01')
    assert.deepEqual(
      byHour.map(({ at, turns, p50_response_ms }) => [at, turns, p50_response_ms]),
      [
        ['2026-03-01T10:00:00.000Z', 2, 150],
        ['2026-03-01T11:00:00.000Z', 2, 350]
      ]
    )
    const [day, ...rest] = await data('/api/latency?group=day&from=2026-02-01&to=2026-03-31')
    assert.deepEqual([day?.at, day?.turns, day?.p50_response_ms], ['2026-03-01T00:00:00.000Z', 4, 250])
    assert.deepEqual(rest, [])
    assert.deepEqual(await data('/api/latency?from=2026-03-02'), [])
    assert.deepEqual(await fault('GET', '/api/latency?from=yesterday'), [400, 'invalid_request'])
  })

  it('GET /api/endings counts calls by reason and detail', async () => {
    const rows = await data('/api/endings?from=2026-03-01&to=2026-03-31')
    assert.deepEqual(
      rows.toSorted((a, b) => (String(a.end_reason) < String(b.end_reason) ? -1 : 1)),
      [
        { end_reason: 'caller_hung_up', end_detail: null, status: 'ended', direction: 'inbound', calls: 1 },
        {
          end_reason: 'carrier_failed',
          end_detail: 'busy',
          status: 'failed',
          direction: 'outbound',
          calls: 1
        }
      ]
    )
    assert.deepEqual(await data('/api/endings?to=2026-02-28'), [])
  })

  it('GET /api/calls/:id/tape hands out the tape as it is on the disk', async () => {
    assert.deepEqual(await fault('GET', `/api/calls/${CALL}/tape`), [404, 'no_tape'])
    await mkdir(path.join(rig.dataDir, 'tapes'), { recursive: true })
    const tape = '{"version":1}\n{"t":0}\n'
    await writeFile(path.join(rig.dataDir, 'tapes', `${CALL}.jsonl`), tape)
    for (const id of [CALL, 'one']) {
      const { status, headers, body } = await ask('GET', `/api/calls/${id}/tape`)
      assert.deepEqual([status, body.text], [200, tape])
      assert.equal(headers.get('content-disposition'), `attachment; filename="call-${CALL}.jsonl"`)
    }
    assert.deepEqual(await fault('GET', '/api/calls/nobody/tape'), [404, 'unknown_call'])
    assert.deepEqual(await fault('GET', `/api/calls/${encodeURIComponent('../x')}/tape`), [
      404,
      'unknown_call'
    ])
  })

  it('keeps what an agent was before each change, and by whom, and takes it back', async () => {
    const url = '/api/agents/desk'
    const tool = {
      type: 'http',
      name: 'look_up',
      description: 'Looks up.',
      parameters: { type: 'object' },
      url: 'https://example.com/look-up',
      headers: { authorization: 'Bearer of-the-owner' }
    }
    await ask('POST', '/api/agents', { id: 'desk', name: 'Desk', greeting: 'One.', tools: [tool] })
    assert.deepEqual(
      (await data(`${url}/versions`)).map(({ version, current }) => [version, current]),
      [[1, true]]
    )
    const headers = { 'x-operator-name': encodeURIComponent('Zoë'), 'content-type': 'application/json' }
    await rig.server.app.inject({
      method: 'PUT',
      url,
      headers: { ...headers, authorization: `Bearer ${rig.server.operatorToken}` },
      body: JSON.stringify({ greeting: 'Two.' })
    })
    await ask('PUT', url, { greeting: 'Two.' })
    const versions = await data(`${url}/versions`)
    assert.deepEqual(
      versions.map(({ version, current, made_by, agent }) => [
        version,
        current,
        made_by,
        (agent as { greeting: string }).greeting
      ]),
      [
        [2, true, 'Zoë', 'Two.'],
        [1, false, null, 'One.']
      ]
    )
    assert.ok(!JSON.stringify(versions).includes('of-the-owner'), 'secrets of tools are not told')

    const restored = await ask('POST', `${url}/versions/1/restore`)
    assert.deepEqual([restored.status, restored.body.greeting], [200, 'One.'])
    assert.deepEqual(
      (await data(`${url}/versions`)).map(({ agent }) => (agent as { greeting: string }).greeting),
      ['One.', 'Two.', 'One.']
    )
    const [kept] = await rig.query("select tools from agents where id = 'desk'")
    assert.ok(JSON.stringify(kept).includes('of-the-owner'), 'and stay with the agent')
    assert.deepEqual(await fault('POST', `${url}/versions/9/restore`), [404, 'unknown_version'])
    assert.deepEqual(await fault('GET', '/api/agents/nobody/versions'), [404, 'unknown_agent'])
  })

  it('DELETE /api/numbers/:e164 gives a number back to the default agent', async () => {
    const url = `/api/numbers/${encodeURIComponent('+13125550155')}`
    await ask('POST', '/api/agents', { id: 'lent', name: 'Lent' })
    await ask('PUT', url, { agentId: 'lent' })
    assert.equal((await ask('DELETE', url)).status, 204)
    assert.deepEqual(await data('/api/numbers'), [])
    assert.deepEqual(await fault('DELETE', url), [404, 'unknown_number'])
  })

  it('GET /api/doctor examines what it runs with, and tells no secret', async () => {
    const { body } = await ask('GET', '/api/doctor')
    const checks = body.checks as { name: string; findings: { status: string }[] }[]
    const statusOf = (name: string) => checks.find((check) => check.name === name)?.findings[0]?.status
    assert.deepEqual(
      ['configuration', 'server', 'public address', 'WebSocket', 'database', 'disk'].map(statusOf),
      ['ok', 'ok', 'ok', 'ok', 'ok', 'ok']
    )
    const told = JSON.stringify(body)
    for (const secret of [
      rig.server.operatorToken,
      rig.telnyx.apiKey,
      rig.twilio.authToken,
      rig.realtime.apiKey
    ])
      assert.ok(!told.includes(secret))
  })

  it('GET /api/replicas names this one, and those that had calls lately', async () => {
    await rig.query(
      `update calls set initiated_at = now() - interval '1 hour', ended_at = now() where id = $1`,
      [CALL]
    )
    const rows = await data('/api/replicas')
    assert.deepEqual(
      rows.map(({ this_one, live_calls, calls }) => [this_one, live_calls, calls]),
      [
        [true, 0, 0],
        [false, 0, 1]
      ]
    )
    assert.equal(rows[1]?.replica_id, 'elsewhere:1')
    await rig.query(`update calls set initiated_at = '2026-03-01T10:00Z' where id = $1`, [CALL])
  })

  it('asks every reader for the token', async () => {
    for (const url of [
      '/api/latency',
      '/api/endings',
      '/api/doctor',
      '/api/load',
      '/api/replicas',
      '/api/calls/x/tape'
    ])
      assert.equal((await rig.server.app.inject({ url })).statusCode, 401, url)
  })

  it('GET /api/calls/:id knows a call from the moment in which it was placed', async () => {
    const { callId } = (await ask('POST', '/api/calls/test', {})).body
    const found = await ask('GET', `/api/calls/${callId}`)
    assert.deepEqual([found.status, found.body.id], [200, callId])
    await ask('POST', `/api/calls/${callId}/end`)
  })
})
