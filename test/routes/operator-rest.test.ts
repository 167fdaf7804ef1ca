import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { describedOperatorOf } from '../support/described-client.ts'
import { operatorOf } from '../support/operator-client.ts'

const OURS = '+13125550199'
const FIELDS = {
  name: 'Sales',
  instructions: 'Sell.',
  greeting: 'Sales, hello.',
  voice: 'cedar',
  engine: 'realtime',
  language: 'en-GB',
  maxCallSeconds: 600,
  protectGoodbye: true,
  interruption: { minSpeechMs: 200, minWords: 2, acknowledgements: ['okay'], resume: false },
  tools: ['transfer_call', 'send_dtmf'],
  fillerPhrases: ['Wait a moment.'],
  transferTargets: [{ name: 'boss', number: '+13125550123' }],
  silence: { afterSeconds: 8, reminders: 1, phrases: ['Hello?'] },
  goodbyeMessage: 'So long.',
  patienceMs: 1200,
  endCallPhrases: ['goodbye'],
  machineDetection: 'leave_message',
  voicemailMessage: 'Call us back.',
  recordCalls: true,
  recordingConsent: 'This call is recorded.',
  recordingRetentionDays: 30,
  webhookUrl: 'https://example.com/calls',
  analysis: { summary: true, schema: { type: 'object' }, successCriteria: 'The caller bought.' }
}

const STOCK = {
  type: 'http',
  name: 'stock_of',
  description: 'Tells how many are left.',
  parameters: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
  url: 'https://shop.example/stock',
  headers: { 'x-key': 'hush' },
  timeoutMs: 3000
}
const CRM = {
  type: 'mcp',
  name: 'crm',
  url: 'https://crm.example/mcp',
  headers: { authorization: 'Bearer hush' },
  allowedTools: ['find_customer']
}

/** Replies are held against the document that the server gives of itself. */
describe('the REST API of the operator', { timeout: 60_000 }, () => {
  let rig: CallRig
  let ask: Awaited<ReturnType<typeof describedOperatorOf>>

  before(async () => {
    rig = await startCallRig({
      env: { CALL_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
      realtime: { script: () => ({ transcript: 'Hello.', audio: { toneHz: 500, ms: 400 } }) }
    })
    ask = await describedOperatorOf(rig.server)
  })
  after(() => rig.close())

  async function liveCall(): Promise<TelnyxCall> {
    const call = rig.telnyx.placeCall({ to: OURS })
    await call.waitForHeard(300, 10_000)
    return call
  }
  const path = (call: TelnyxCall, command: string) =>
    `/api/calls/${encodeURIComponent(call.callControlId)}/${command}`
  const fault = async (method: string, url: string, body?: object) => {
    const reply = await ask(method, url, body)
    return [reply.status, reply.body.error]
  }

  it('POST, GET, PUT and DELETE /api/agents keep an agent as it is written', async () => {
    const made = await ask('POST', '/api/agents', { id: 'sales', ...FIELDS })
    assert.equal(made.status, 201)
    const { createdAt, updatedAt, ...kept } = (await ask('GET', '/api/agents/sales')).body
    assert.deepEqual({ ...kept, ...FIELDS }, kept)
    assert.ok(createdAt && updatedAt)
    const changed = await ask('PUT', '/api/agents/sales', { greeting: 'Hi.', voice: null })
    assert.deepEqual([changed.status, changed.body.greeting, changed.body.voice], [200, 'Hi.', null])
    assert.equal(changed.body.instructions, 'Sell.')
    const { data, next } = (await ask('GET', '/api/agents')).body
    assert.deepEqual([(data as { id: string }[]).map(({ id }) => id), next], [['default', 'sales'], null])
    assert.equal((await ask('DELETE', '/api/agents/sales')).status, 204)
    assert.deepEqual(await fault('GET', '/api/agents/sales'), [404, 'unknown_agent'])
  })

  it('keeps the secrets of tools to itself, and makes each tool a key that is told once', async () => {
    type Tools = { tools: { headers: Record<string, string>; secret?: string }[] }
    const made = await ask('POST', '/api/agents', { id: 'shop', name: 'Shop', tools: [STOCK, CRM] })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const [told] = (made.body as unknown as Tools).tools
    assert.match(told?.secret ?? '', /^whsec_.{40,}$/)
    const read = await ask('GET', '/api/agents/shop')
    const everything = await ask('GET', '/api/agents')
    assert.doesNotMatch(JSON.stringify([read.body, everything.body]), /hush|whsec/)
    const { tools } = read.body as unknown as Tools
    assert.deepEqual(tools, [
      { ...STOCK, headers: { 'x-key': '***' }, secret: '***' },
      { ...CRM, headers: { authorization: '***' } }
    ])

    const stored = async () => {
      const { rows } = await rig.server.database.pool.query("select tools from agents where id = 'shop'")
      return (rows[0] as Tools).tools
    }
    const again = await ask('PUT', '/api/agents/shop', { tools })
    assert.doesNotMatch(JSON.stringify(again.body), /hush|whsec/)
    assert.deepEqual(await stored(), [{ ...STOCK, secret: told?.secret }, CRM])
    await ask('PUT', '/api/agents/shop', { greeting: 'Hello.' })
    assert.deepEqual(await stored(), [{ ...STOCK, secret: told?.secret }, CRM])
    const changed = [{ ...STOCK, headers: { 'x-key': 'psst' }, secret: '***' }]
    await ask('PUT', '/api/agents/shop', { tools: changed })
    assert.deepEqual(await stored(), [{ ...STOCK, headers: { 'x-key': 'psst' }, secret: told?.secret }])
    await ask('DELETE', '/api/agents/shop')
  })

  it('POST /api/agents takes the defaults for what is not given, and gives an id', async () => {
    const { status, body } = await ask('POST', '/api/agents', { name: 'Plain' })
    assert.equal(status, 201)
    assert.match(String(body.id), /^[0-9a-f-]{36}$/)
    assert.deepEqual([body.language, body.machineDetection, body.engine], ['en', 'off', null])
    assert.equal((await ask('DELETE', `/api/agents/${body.id}`)).status, 204)
  })

  it('refuses agents that are not as expected, by the name of the field', async () => {
    for (const [body, field] of [
      [{}, 'name'],
      [{ name: '' }, 'body/name'],
      [{ name: 'A', colour: 'red' }, 'colour'],
      [{ name: 'A', id: 'a/b' }, 'body/id'],
      [{ name: 'A', engine: 'magic' }, 'body/engine'],
      [{ name: 'A', maxCallSeconds: 0 }, 'body/maxCallSeconds'],
      [{ name: 'A', interruption: { minWords: -1 } }, 'body/interruption'],
      [{ name: 'A', transferTargets: [{ name: 'x', number: '0123' }] }, 'body/transferTargets/0/number'],
      [{ name: 'A', machineDetection: 'leave_message' }, 'body/voicemailMessage'],
      [{ name: 'A', language: 'zz' }, 'body/language'],
      [{ name: 'A', engine: 'local', voice: 'marin' }, 'body/voice'],
      [
        { name: 'A', silence: { afterSeconds: -1, reminders: 1, phrases: null } },
        'body/silence/afterSeconds'
      ],
      [{ name: 'A', patienceMs: 60_000 }, 'body/patienceMs'],
      [{ name: 'A', tools: ['fly'] }, 'body/tools/0'],
      [{ name: 'A', tools: [{ ...STOCK, url: 'ftp://shop' }] }, 'body/tools/0/url'],
      [{ name: 'A', tools: [{ ...STOCK, name: 'in stock' }] }, 'body/tools/0/name'],
      [{ name: 'A', tools: [{ ...STOCK, name: 'end_call' }] }, 'body/tools/0/name'],
      [{ name: 'A', tools: [STOCK, STOCK] }, 'body/tools/1'],
      [{ name: 'A', tools: [{ ...STOCK, parameters: { type: 'array' } }] }, 'body/tools/0/parameters'],
      [
        { name: 'A', tools: [{ ...STOCK, parameters: { type: 'object', required: 'sku' } }] },
        'body/tools/0/parameters'
      ],
      [{ name: 'A', tools: [{ ...STOCK, timeoutMs: 1 }] }, 'body/tools/0/timeoutMs'],
      [{ name: 'A', tools: [{ ...STOCK, secret: 'guess me' }] }, 'body/tools/0/secret'],
      [{ name: 'A', tools: [{ ...STOCK, headers: { 'webhook-id': '1' } }] }, 'body/tools/0/headers'],
      [{ name: 'A', tools: [{ ...STOCK, headers: { 'x-key': '***' } }] }, 'body/tools/0/headers/x-key'],
      [{ name: 'A', tools: [{ type: 'mcp', name: 'crm' }] }, 'url'],
      [{ name: 'A', tools: [{ type: 'grpc', name: 'crm', url: 'http://crm' }] }, 'body/tools/0']
    ] as const) {
      const refused = await ask('POST', '/api/agents', body)
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_request'], field)
      assert.ok(String(refused.body.message).includes(field), `${refused.body.message} names ${field}`)
    }
    assert.deepEqual(await fault('POST', '/api/agents', { id: 'default', name: 'A' }), [409, 'agent_exists'])
    assert.deepEqual(await fault('DELETE', '/api/agents/default'), [409, 'default_agent'])
    assert.deepEqual(await fault('PUT', '/api/agents/nobody', { name: 'A' }), [404, 'unknown_agent'])
    assert.deepEqual(await fault('DELETE', '/api/agents/nobody'), [404, 'unknown_agent'])
  })

  it('PUT /api/numbers/:e164 decides who answers, until the agent is removed', async () => {
    await ask('POST', '/api/agents', { id: 'night', name: 'Night', greeting: 'Good evening.' })
    const number = '+13125550177'
    const url = `/api/numbers/${encodeURIComponent(number)}`
    const { status, body } = await ask('PUT', url, { agentId: 'night' })
    assert.deepEqual([status, body.e164, body.agent_id], [200, number, 'night'])
    assert.deepEqual(
      ((await ask('GET', '/api/numbers')).body.data as { e164: string }[]).map(({ e164 }) => e164),
      [number]
    )
    assert.deepEqual(await fault('PUT', url, { agentId: 'nobody' }), [404, 'unknown_agent'])
    assert.deepEqual(await fault('PUT', '/api/numbers/123', { agentId: 'night' }), [400, 'invalid_request'])
    const agentOf = async () => {
      const call = rig.telnyx.placeCall({ to: number })
      await call.waitForHeard(100, 10_000)
      await rig.eventually('select 1 from calls where carrier_call_id = $1', [call.callControlId])
      const { agent_id } = (await ask('GET', `/api/calls/${encodeURIComponent(call.callControlId)}`)).body
      call.hangUp()
      return agent_id
    }
    assert.equal(await agentOf(), 'night')
    await ask('DELETE', '/api/agents/night')
    assert.equal(await agentOf(), 'default')
  })

  it('POST /api/products/import takes a whole file or nothing of it', async () => {
    const send = async (body: string, type = 'text/csv') => {
      const reply = await fetch(`${rig.server.url}/api/products/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${rig.server.operatorToken}`, 'content-type': type },
        body
      })
      return [reply.status, (await reply.json()) as Record<string, unknown>] as const
    }
    const count = async () => ((await ask('GET', '/api/products')).body.data as unknown[]).length
    const before = await count()
    const [refused, fault] = await send('sku,name,price\nI-1,Chair,10\nI-2,Table,dear\n')
    assert.deepEqual([refused, fault.error], [400, 'invalid_csv'])
    assert.match(String(fault.message), /Nothing was imported\. line 3: price is "dear"/)
    assert.equal(await count(), before)
    assert.deepEqual(await send('sku,name,price\nI-1,Chair,10\n'), [200, { created: 1, replaced: 0 }])
    assert.deepEqual(await send('sku,name,price\nI-1,Stool,9\n'), [200, { created: 0, replaced: 1 }])
    assert.equal((await send('{}', 'application/json'))[0], 400)
    assert.equal((await send('<csv/>', 'text/xml'))[0], 415)
    const [found] = (await ask('GET', '/api/products/search?q=stol')).body.data as {
      id: string
      name: string
    }[]
    assert.equal(found?.name, 'Stool')
    await ask('DELETE', `/api/products/${found?.id}`)
  })

  it('POST, GET, search and DELETE /api/products keep what agents look up', async () => {
    const lamp = {
      sku: 'L-100%',
      name: 'Reading lamp',
      description: 'Warm light',
      price: 49.9,
      currency: 'EUR'
    }
    const made = await ask('POST', '/api/products', lamp)
    assert.deepEqual([made.status, made.body.price, made.body.in_stock], [201, 49.9, true])
    const again = await ask('POST', '/api/products', { ...lamp, price: 39, in_stock: false })
    assert.deepEqual([again.body.id, again.body.price, again.body.in_stock], [made.body.id, 39, false])
    await ask('POST', '/api/products', { name: 'Desk', description: 'With a lamp' })
    const found = async (q: string) =>
      (
        (await ask('GET', `/api/products/search?q=${encodeURIComponent(q)}`)).body.data as { name: string }[]
      ).map(({ name }) => name)
    assert.deepEqual(await found('lamp'), ['Reading lamp', 'Desk'])
    assert.deepEqual(await found('light reading'), ['Reading lamp'])
    assert.deepEqual(await found('l-100%'), ['Reading lamp'])
    assert.deepEqual(await found('esk'), ['Desk'])
    assert.deepEqual(await found('%'), ['Reading lamp'].slice(1))
    const first = (await ask('GET', '/api/products?limit=1')).body
    const second = (await ask('GET', `/api/products?limit=1&after=${first.next}`)).body
    const names = [first, second].map(({ data }) => (data as { name: string }[])[0].name)
    assert.deepEqual([names, second.next], [['Desk', 'Reading lamp'], null])
    assert.equal((await ask('DELETE', `/api/products/${made.body.id}`)).status, 204)
    assert.deepEqual(await fault('DELETE', `/api/products?id=${made.body.id}`), [404, 'unknown_product'])
    assert.deepEqual(await fault('POST', '/api/products', { name: 'X', price: -1 }), [400, 'invalid_request'])
    assert.deepEqual(await fault('GET', '/api/products/search'), [400, 'invalid_request'])
  })

  it('GET /api/usage adds up by day, month, agent and number, and between two times', async () => {
    const [call] = [await liveCall()]
    call.hangUp()
    await rig.eventually(
      'select 1 from usage_minutes join calls on id = call_id where carrier_call_id = $1',
      [call.callControlId]
    )
    const day = new Date().toISOString().slice(0, 10)
    for (const [group, key] of [
      ['day', 'day'],
      ['month', 'month'],
      ['agent', 'agent_id'],
      ['number', 'number']
    ]) {
      const { data } = (await ask('GET', `/api/usage?group=${group}&from=${day}&to=${day}`)).body
      const view = await rig.query(`select * from usage_by_${group} order by 1`)
      assert.deepEqual(data, JSON.parse(JSON.stringify(view)), group)
      assert.ok((data as Record<string, unknown>[]).every((row) => key in row && Number(row.minutes) >= 1))
    }
    const none = (await ask('GET', '/api/usage?to=2020-01-01')).body.data
    assert.deepEqual(none, [])
    const ours = (await ask('GET', `/api/usage?group=number&from=${day}T00:00:00Z`)).body.data as {
      number: string
    }[]
    assert.ok(ours.some(({ number }) => number === OURS))
    assert.deepEqual(await fault('GET', '/api/usage?from=soon'), [400, 'invalid_request'])
    assert.deepEqual(await fault('GET', '/api/usage?from=2026-99-99'), [400, 'invalid_request'])
    assert.deepEqual(await fault('GET', '/api/usage?group=week'), [400, 'invalid_request'])
  })

  it('GET /api/usage?format=csv is for a spreadsheet', async () => {
    const { headers, body } = await ask('GET', '/api/usage?group=number&format=csv')
    assert.match(String(headers.get('content-type')), /^text\/csv/)
    assert.match(String(headers.get('content-disposition')), /usage-by-number\.csv/)
    const [header, ...rows] = String(body.text).trim().split('\r\n')
    assert.equal(header, 'number,calls,minutes,seconds,cost_usd,unpriced_items')
    assert.ok(rows.some((row) => row.startsWith(`${OURS},`)))
  })

  it('POST say speaks to the caller, and whisper to the model alone', async () => {
    const call = await liveCall()
    const session = rig.realtime.sessions.at(-1)!
    const heardMs = call.heardMs
    assert.deepEqual((await ask('POST', path(call, 'say'), { text: 'We close now.' })).body, {
      success: true
    })
    await call.waitForHeard(heardMs + 350, 10_000)
    const replies = session.events.filter(({ event }) => event.type === 'response.create').length
    assert.deepEqual((await ask('POST', path(call, 'whisper'), { text: 'Be kind.' })).body, { success: true })
    await call.until(() => JSON.stringify(session.events).includes('Be kind.'), 'the whisper to arrive', 5000)
    assert.equal(session.events.filter(({ event }) => event.type === 'response.create').length, replies)
    call.hangUp()
  })

  it('POST mute silences the agent at once and for as long as it lasts, on either address', async () => {
    const call = rig.telnyx.placeCall({ to: OURS })
    await call.waitForHeard(150, 10_000)
    assert.deepEqual((await ask('POST', path(call, 'mute'))).body, { success: true })
    await call.waitFor('clear')
    const heardMs = call.heardMs
    await ask('POST', path(call, 'say'), { text: 'Nobody hears this.' })
    const session = rig.realtime.sessions.at(-1)!
    const deletes = () =>
      session.events.filter(({ event }) => event.type === 'conversation.item.delete').length
    await call.until(() => deletes() > 0, 'the model to forget what nobody heard')
    assert.ok(call.heardMs - heardMs < 40, `${call.heardMs - heardMs} ms were heard of a muted agent`)
    const unmute = `/api/calls/telnyx/${encodeURIComponent(call.callControlId)}/unmute`
    assert.deepEqual((await ask('POST', unmute, { party: 'agent' })).body, { success: true })
    await ask('POST', path(call, 'say'), { text: 'Heard again.' })
    await call.waitForHeard(heardMs + 350, 10_000)
    call.hangUp()
  })

  it('POST mute with the party caller gives the engine silence, and unmute the caller', async () => {
    const call = await liveCall()
    const session = rig.realtime.sessions.at(-1)!
    const mute = `/api/calls/telnyx/${encodeURIComponent(call.callControlId)}/mute`
    await ask('POST', mute, { party: 'caller' })
    const from = session.receivedAudio.length
    call.sayTone(700, 400)
    await call.until(() => session.receivedAudio.length > from + 8000, 'a second of audio', 10_000)
    const loudest = session.receivedAudio
      .subarray(from + 400)
      .reduce((max, sample) => Math.max(max, Math.abs(sample)), 0)
    assert.ok(loudest < 100, `the engine heard ${loudest}`)
    assert.deepEqual((await ask('POST', path(call, 'unmute'), { party: 'caller' })).body, { success: true })
    call.sayTone(700, 400)
    await call.until(
      () => session.receivedAudio.subarray(from).some((sample) => Math.abs(sample) > 4000),
      'the caller to be heard',
      10_000
    )
    call.hangUp()
  })

  it('POST end ends a call for the operator, and GET tells of it by either id', async () => {
    const call = await liveCall()
    assert.deepEqual((await ask('POST', path(call, 'end'))).body, { success: true })
    await call.waitFor('ended')
    await rig.eventually("select 1 from calls where carrier_call_id = $1 and end_reason = 'operator'", [
      call.callControlId
    ])
    const { body } = await ask('GET', `/api/calls/${encodeURIComponent(call.callControlId)}`)
    assert.equal((await ask('GET', `/api/calls/${body.id}`)).body.carrier_call_id, call.callControlId)
    assert.ok((body.turns as unknown[]).length > 0 && (body.events as unknown[]).length > 0)
    const { data } = (await ask('GET', '/api/calls?status=ended&limit=200')).body
    assert.ok((data as { id: string }[]).some(({ id }) => id === body.id))
    assert.deepEqual((await ask('POST', path(call, 'end'))).body, { success: true })
  })

  it('answers 404 to commands for a call that is not live', async () => {
    for (const command of ['say', 'whisper', 'mute', 'unmute', 'transfer', 'end']) {
      const body = { say: { text: 'x' }, whisper: { text: 'x' }, transfer: { to: '+13125550111' } }[command]
      assert.deepEqual(
        await fault('POST', `/api/calls/v3:nobody/${command}`, body),
        [404, 'unknown_call'],
        command
      )
    }
    assert.deepEqual(await fault('POST', '/api/calls/telnyx/v3:nobody/mute'), [404, 'unknown_call'])
    assert.deepEqual(await fault('GET', '/api/calls/v3:nobody'), [404, 'unknown_call'])
  })

  it('answers 413 to a body of more than 256 KiB', async () => {
    const reply = await operatorOf(rig.server)('POST', '/api/agents', { name: 'x'.repeat(256 * 1024) })
    assert.deepEqual([reply.status, Object.keys(reply.body)], [413, ['error', 'message']])
  })

  it('answers 409 to a transfer of a call that has no carrier', async () => {
    const { body } = await ask('POST', '/api/calls/test', {})
    const transfer = await ask('POST', `/api/calls/${body.callId}/transfer`, { to: '+13125550111' })
    assert.deepEqual([transfer.status, transfer.body.error], [409, 'no_carrier'])
    await rig.server.registry.find(String(body.callId))?.session?.end('operator')
  })
})
