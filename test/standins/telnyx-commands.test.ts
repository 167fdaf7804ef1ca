import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import Telnyx from 'telnyx'
import { type BareServer, startBareServer } from './telnyx/bare-server.ts'
import type { TelnyxCall } from './telnyx/telnyx-call.ts'
import { startTelnyxStandIn, type TelnyxStandIn } from './telnyx/telnyx-standin.ts'

interface Refusal {
  status: number
  headers: Headers
  errors: { code: string; title: string; detail: string; source?: { pointer: string } }[]
}

describe('commands of the Telnyx stand-in', () => {
  let server: BareServer
  let standIn: TelnyxStandIn
  let telnyx: Telnyx

  beforeEach(async () => {
    server = await startBareServer()
    standIn = await startTelnyxStandIn({ webhookUrl: server.webhookUrl })
    telnyx = new Telnyx({ apiKey: standIn.apiKey, baseURL: standIn.baseUrl, maxRetries: 0 })
  })

  afterEach(async () => {
    await standIn.close()
    await server.close()
  })

  async function post(path: string, body: object, apiKey = standIn.apiKey): Promise<Refusal> {
    const response = await fetch(`${standIn.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    const { errors = [] } = (await response.json()) as Partial<Refusal>
    return { status: response.status, headers: response.headers, errors }
  }

  function command(call: TelnyxCall, name: string, body: object): Promise<Refusal> {
    return post(`/calls/${call.callControlId}/actions/${name}`, body)
  }

  async function answeredCall(): Promise<TelnyxCall> {
    const call = standIn.placeCall()
    await telnyx.calls.actions.answer(call.callControlId, {})
    await call.waitFor('answered')
    return call
  }

  it('takes every command of an incoming call through the SDK, and records them in order', async () => {
    const call = standIn.placeCall({ from: '+13125550111', to: '+13125550122' })
    const { actions } = telnyx.calls
    const answered = await actions.answer(call.callControlId, {
      command_id: 'a-1',
      client_state: 'c3RhdGU=',
      preferred_codecs: 'G722,PCMU,PCMA,G729,OPUS,VP8,H264',
      send_silence_when_idle: true
    })
    assert.deepEqual(answered.data, { result: 'ok' })
    await call.waitFor('answered')
    await actions.startStreaming(call.callControlId, {
      command_id: 's-1',
      stream_url: server.streamUrl,
      stream_auth_token: 'token',
      stream_track: 'inbound_track',
      stream_codec: 'L16',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'L16',
      stream_bidirectional_sampling_rate: 16_000,
      stream_bidirectional_target_legs: 'self',
      custom_parameters: [{ name: 'agent', value: 'default' }]
    })
    await actions.startNoiseSuppression(call.callControlId, { direction: 'both' })
    assert.equal(call.noiseSuppression, 'both')
    const [start] = await server.waitForFrames('start')
    assert.deepEqual(start!.frame.start.custom_parameters, { agent: 'default' })
    await actions.hangup(call.callControlId, {})
    await call.waitFor('ended')
    assert.deepEqual(call.hangup, { cause: 'normal_clearing', source: 'callee' })
    const [ended] = await server.waitForWebhooks('call.hangup')
    assert.equal(ended!.payload.client_state, 'c3RhdGU=')
    assert.deepEqual(
      standIn.requests.map((request) => [request.command, request.status]),
      [
        ['answer', 200],
        ['streaming_start', 200],
        ['suppression_start', 200],
        ['hangup', 200]
      ]
    )
  })

  it('ends a rejected call with the cause given', async () => {
    const call = standIn.placeCall()
    await telnyx.calls.actions.reject(call.callControlId, { cause: 'USER_BUSY' })
    const [hangup] = await server.waitForWebhooks('call.hangup')
    assert.equal(hangup!.payload.hangup_cause, 'user_busy')
    assert.equal(call.moments.at(-1)!.name, 'ended')
  })

  it('dials, answers, and opens the stream that the dial asked for', async () => {
    const dial = {
      connection_id: standIn.applicationId,
      from: '+13125550100',
      to: '+13125550199',
      command_id: 'dial-1',
      stream_url: server.streamUrl,
      stream_auth_token: 'token',
      stream_bidirectional_mode: 'rtp' as const
    }
    const { data } = await telnyx.calls.dial(dial)
    const call = await standIn.waitForDial()
    assert.equal(data?.call_control_id, call.callControlId)
    assert.equal(data?.is_alive, false)
    await call.waitFor('streaming')
    const [initiated] = await server.waitForWebhooks('call.initiated')
    assert.equal(initiated!.payload.direction, 'outgoing')
    await telnyx.calls.dial(dial)
    assert.equal(standIn.calls.length, 1, 'the same command_id does not dial again')
  })

  it('ends a dialled call that nobody takes', async () => {
    const busy = await startTelnyxStandIn({
      webhookUrl: server.webhookUrl,
      dialled: { result: 'user_busy', afterMs: 0 }
    })
    const caller = new Telnyx({ apiKey: busy.apiKey, baseURL: busy.baseUrl })
    await caller.calls.dial({ connection_id: busy.applicationId, from: '+13125550100', to: '+13125550199' })
    const [hangup] = await server.waitForWebhooks('call.hangup')
    assert.equal(hangup!.payload.hangup_cause, 'user_busy')
    await busy.close()
  })

  it('refuses a misspelt parameter and points at it', async () => {
    const call = await answeredCall()
    const refused = await command(call, 'streaming_start', {
      stream_url: server.streamUrl,
      stream_bidirectional_sample_rate: 16_000
    })
    assert.equal(refused.status, 422)
    assert.equal(refused.errors[0]!.code, '10015')
    assert.deepEqual(refused.errors[0]!.source, { pointer: '/stream_bidirectional_sample_rate' })
    assert.equal(server.upgrades.length, 0)
  })

  it('refuses values outside an enumeration, missing parameters and texts that are not base64', async () => {
    const call = await answeredCall()
    const codec = await command(call, 'streaming_start', {
      stream_url: server.streamUrl,
      stream_codec: 'pcmu',
      client_state: '{"not":"base64"}'
    })
    assert.deepEqual(
      codec.errors.map(({ code, source }) => [code, source?.pointer]),
      [['10032', '/stream_codec']]
    )
    const state = await command(call, 'suppression_start', { client_state: '{"not":"base64"}' })
    assert.equal(state.errors[0]!.source?.pointer, '/client_state')
    const rejected = await command(call, 'reject', {})
    assert.deepEqual([rejected.errors[0]!.code, rejected.errors[0]!.source?.pointer], ['10004', '/cause'])
    const dialled = await post('/calls', { from: '+13125550100' })
    assert.deepEqual(
      dialled.errors.map(({ source }) => source?.pointer),
      ['/connection_id', '/to']
    )
  })

  it('refuses to dial for another application, and numbers that are not E.164', async () => {
    const dial = { connection_id: standIn.applicationId, from: '+13125550100', to: '+13125550199' }
    const application = await post('/calls', { ...dial, connection_id: '1' })
    assert.deepEqual(application.errors[0]!.source, { pointer: '/connection_id' })
    const number = await post('/calls', { ...dial, to: '3125550199' })
    assert.deepEqual([number.errors[0]!.code, number.errors[0]!.source?.pointer], ['10016', '/to'])
    assert.equal(standIn.calls.length, 0)
  })

  it('takes neither a stream token nor a sampling rate with answer', async () => {
    const call = standIn.placeCall()
    const refused = await command(call, 'answer', {
      stream_url: server.streamUrl,
      stream_auth_token: 'token',
      stream_bidirectional_sampling_rate: 16_000
    })
    assert.deepEqual(
      refused.errors.map(({ source }) => source?.pointer),
      ['/stream_auth_token', '/stream_bidirectional_sampling_rate']
    )
    assert.equal(call.state, 'parked')
  })

  it('carries out a repeated command_id once, and says ok each time', async () => {
    const call = standIn.placeCall()
    assert.equal((await command(call, 'answer', { command_id: 'once' })).status, 200)
    assert.equal((await command(call, 'answer', { command_id: 'once' })).status, 200)
    await call.waitFor('answered')
    await standIn.webhooksSettled()
    assert.equal(server.webhooks.filter(({ eventType }) => eventType === 'call.answered').length, 1)
    assert.equal((await command(call, 'answer', { command_id: 'again' })).status, 422)
  })

  it('refuses a stream before the answer, a second stream, and any command on an ended call', async () => {
    const ringing = standIn.placeCall()
    const stream = { stream_url: server.streamUrl, stream_bidirectional_mode: 'rtp' }
    const early = await command(ringing, 'streaming_start', stream)
    assert.equal(early.errors[0]!.code, '90034')

    const call = await answeredCall()
    assert.equal((await command(call, 'streaming_start', stream)).status, 200)
    await call.waitFor('streaming')
    assert.equal((await command(call, 'streaming_start', stream)).errors[0]!.code, '90045')

    call.hangUp()
    const late = await command(call, 'hangup', {})
    assert.deepEqual([late.status, late.errors[0]!.code], [422, '90018'])
    assert.equal(late.errors[0]!.title, 'Call has already ended')
  })

  it('stops a stream on command and takes another one', async () => {
    const call = await answeredCall()
    const stream = { stream_url: server.streamUrl, stream_bidirectional_mode: 'rtp' }
    await command(call, 'streaming_start', stream)
    await call.waitFor('streaming')
    await command(call, 'streaming_stop', {})
    await server.waitForWebhooks('streaming.stopped')
    assert.equal(server.framesOf('stop').length, 1)
    assert.equal((await command(call, 'streaming_start', stream)).status, 200)
    await server.waitForFrames('start', 2)
  })

  it('refuses a wrong key, an unknown call and an unknown command', async () => {
    const call = standIn.placeCall()
    const stranger = await post(`/calls/${call.callControlId}/actions/answer`, {}, 'wrong')
    assert.deepEqual([stranger.status, stranger.errors[0]!.code], [401, '10009'])
    const unknown = await post('/calls/v3:nobody/actions/answer', {})
    assert.deepEqual([unknown.status, unknown.errors[0]!.code], [422, '90015'])
    assert.equal((await command(call, 'start_streaming', {})).status, 404)
  })

  it('limits and fails the next requests as told, and the SDK gets through by trying again', async () => {
    const call = standIn.placeCall()
    standIn.rateLimitNext(1)
    const limited = await command(call, 'answer', {})
    assert.deepEqual([limited.status, limited.errors[0]!.code], [429, '10011'])
    assert.equal(limited.headers.get('x-ratelimit-remaining'), '0')

    standIn.failNext(1, 503, { applied: true })
    const retrying = new Telnyx({ apiKey: standIn.apiKey, baseURL: standIn.baseUrl, maxRetries: 1 })
    await retrying.calls.actions.answer(call.callControlId, { command_id: 'lost-reply' })
    assert.deepEqual(
      standIn.requests.map(({ status }) => status),
      [429, 503, 200]
    )
    await call.waitFor('answered')
  })
})
