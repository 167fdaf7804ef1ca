import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { DialledParty } from '../standins/telnyx/dialled-party.ts'
import { dialForbidden, type TelnyxError, tooManyDials } from '../standins/telnyx/telnyx-error.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { type OperatorReply, operatorOf } from '../support/operator-client.ts'

const FROM = '+13125550122'
const SOMEBODY = '+13125550111'
const MESSAGE = 'Please call us back, thank you.'

const PARTIES: Record<string, DialledParty> = {
  [SOMEBODY]: { result: 'answer', afterMs: 50 },
  '+13125550112': { result: 'user_busy', afterMs: 20 },
  '+13125550113': { result: 'timeout', afterMs: 20 },
  '+13125550114': { result: 'call_rejected', afterMs: 20 },
  '+13125550115': { result: 'ring', afterMs: 0 },
  '+13125550116': { result: 'answer', afterMs: 20, machine: { detectedAfterMs: 300, beepAfterMs: 900 } }
}

const quoted = (instructions: string | null) => instructions?.match(/"([^"]+)"/)?.[1] ?? null

describe('a Telnyx outbound call', { timeout: 300_000 }, () => {
  let rig: CallRig
  let operator: ReturnType<typeof operatorOf>

  before(async () => {
    rig = await startCallRig({
      telnyx: { dialled: (to) => PARTIES[to] },
      realtime: {
        script: ({ instructions }) => ({
          transcript: quoted(instructions) ?? 'Yes?',
          audio: { toneHz: 500, ms: 600 }
        })
      }
    })
    operator = operatorOf(rig.server)
    for (const machineDetection of ['hang_up', 'leave_message'] as const) {
      const id = machineDetection.replace('_', '-')
      const agent = { id, name: id, machineDetection, voicemailMessage: MESSAGE }
      assert.equal((await operator('POST', '/api/agents', agent)).status, 201)
    }
  })
  after(() => rig.close())

  const dial = (body: object) => operator('POST', '/api/calls/telnyx/initiate', { from: FROM, ...body })
  const dialledNow = ({ body }: OperatorReply) =>
    rig.telnyx.calls.find(({ callControlId }) => callControlId === (body.data as { callId: string }).callId)!

  async function endOf(carrierCallId: string) {
    const [row] = await rig.eventually(
      `select id, direction, status, end_reason, end_detail, answered_at is not null as answered
       from calls where carrier_call_id = $1 and ended_at is not null`,
      [carrierCallId]
    )
    return row
  }

  it('is told to the operator at once, greets whoever answers, and ends for the operator', async () => {
    const reply = await dial({ to: SOMEBODY, agentId: 'default' })
    assert.equal(reply.status, 200)
    const call = dialledNow(reply)
    const { dbRecord, streamUrl, ...data } = reply.body.data as Record<string, unknown>
    const told = { callId: call.callControlId, status: 'initiated', direction: 'outbound-dial' }
    assert.deepEqual([reply.body.success, data], [true, told])
    const { carrier_call_id, direction, from_number, to_number } = dbRecord as Record<string, unknown>
    assert.deepEqual(
      [carrier_call_id, direction, from_number, to_number],
      [call.callControlId, 'outbound', FROM, SOMEBODY]
    )
    assert.match(String(streamUrl), /^ws:\/\/.+\/media-stream-ws\?call_id=/)
    assert.doesNotMatch(String(streamUrl), /token/)

    await call.waitForHeard(500, 10_000)
    const end = await operator('POST', '/api/calls/telnyx/end', { call_control_id: call.callControlId })
    assert.deepEqual([end.status, end.body], [200, { success: true }])
    await call.waitFor('ended')
    const { id, ...row } = await endOf(call.callControlId)
    assert.deepEqual(row, {
      direction: 'outbound',
      status: 'ended',
      end_reason: 'operator',
      end_detail: null,
      answered: true
    })
    const turns = await rig.eventually(
      "select said_text from turns where call_id = $1 and speaker = 'agent'",
      [id]
    )
    assert.equal(turns[0].said_text, 'Hello, thank you for calling. How can I help you?')
    const over = await operator('POST', '/api/calls/telnyx/end', { call_control_id: call.callControlId })
    assert.deepEqual(over.body, { success: true })
  })

  it('asks Telnyx for the call with its stream, by requests that Telnyx takes, and does not ask for it twice', async () => {
    const reply = await dial({ to: SOMEBODY })
    const call = dialledNow(reply)
    await call.waitFor('suppression')
    const request = rig.telnyx.requests.findLast(({ command }) => command === 'dial')
    const { client_state, command_id, stream_url, stream_auth_token, preferred_codecs, ...body } =
      request!.body
    const { id } = (reply.body.data as { dbRecord: { id: string } }).dbRecord
    assert.equal(command_id, id)
    assert.deepEqual(JSON.parse(Buffer.from(String(client_state), 'base64').toString()), { callId: id })
    assert.equal(new URL(String(stream_url)).searchParams.get('token'), stream_auth_token)
    assert.ok(String(preferred_codecs).includes('PCMU'))
    assert.deepEqual(body, {
      connection_id: rig.telnyx.applicationId,
      from: FROM,
      to: SOMEBODY,
      timeout_secs: 40,
      send_silence_when_idle: true,
      stream_track: 'inbound_track',
      stream_codec: 'PCMU',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_sampling_rate: 8000,
      stream_bidirectional_target_legs: 'self'
    })
    await call.waitForHeard(500, 10_000)
    call.hangUp()
    const { end_reason } = await endOf(call.callControlId)
    assert.equal(end_reason, 'caller_hung_up')
    const asked = rig.telnyx.requests.filter(({ callControlId }) => callControlId === call.callControlId)
    assert.deepEqual(
      asked.map(({ command, status }) => `${command} ${status}`),
      ['suppression_start 200']
    )
  })

  for (const [to, detail] of [
    ['+13125550112', 'busy'],
    ['+13125550113', 'no_answer'],
    ['+13125550114', 'rejected']
  ]) {
    it(`that comes to nothing (${detail}) says so, costs no minute and leaves its place`, async () => {
      const call = dialledNow(await dial({ to }))
      const { id, ...row } = await endOf(call.callControlId)
      assert.deepEqual(row, {
        direction: 'outbound',
        status: 'failed',
        end_reason: 'carrier_failed',
        end_detail: detail,
        answered: false
      })
      assert.deepEqual(await rig.query('select * from usage_minutes where call_id = $1', [id]), [])
      assert.equal(rig.server.registry.find(call.callControlId), null)
    })
  }

  it('that still rings is called off by the operator', async () => {
    const call = dialledNow(await dial({ to: '+13125550115' }))
    const end = await operator('POST', '/api/calls/telnyx/end', { call_control_id: call.callControlId })
    assert.deepEqual(end.body, { success: true })
    await call.waitFor('ended')
    const { end_reason, answered } = await endOf(call.callControlId)
    assert.deepEqual([end_reason, answered], ['operator', false])
  })

  const refusals: [TelnyxError, number, string, RegExp, string][] = [
    [
      dialForbidden('D51', 'Origination number is not verified'),
      403,
      'caller_id_not_verified',
      /verify/,
      'D51'
    ],
    [dialForbidden('D1', 'User channel limit exceeded'), 429, 'carrier_channel_limit', /limit/, 'D1'],
    [
      dialForbidden('D38', 'No Outbound Profile assigned'),
      502,
      'no_outbound_voice_profile',
      /profile/,
      'D38'
    ],
    [dialForbidden('D77', 'Something new'), 502, 'carrier_refused', /D77/, 'D77']
  ]
  for (const [error, status, code, advice, detail] of refusals) {
    it(`that Telnyx refuses with ${detail} is answered with what to do, and kept`, async () => {
      rig.telnyx.refuseNext(error)
      const { status: told, body } = await dial({ to: SOMEBODY })
      assert.deepEqual([told, body.error], [status, code])
      assert.match(String(body.message), advice)
      const [row] = await rig.eventually(
        'select status, end_reason from calls where end_detail = $1 and ended_at is not null',
        [detail]
      )
      assert.deepEqual(row, { status: 'failed', end_reason: 'carrier_failed' })
      assert.equal(rig.server.registry.size, 0)
    })
  }

  it('that Telnyx finds too fast is tried again, then answered with 429', async () => {
    for (let attempt = 0; attempt < 3; attempt++) rig.telnyx.refuseNext(tooManyDials())
    const { status, body } = await dial({ to: SOMEBODY })
    assert.deepEqual([status, body.error], [429, 'carrier_rate_limit'])
  })

  it('rings once where the reply to the dial is lost', async () => {
    const calls = rig.telnyx.calls.length
    rig.telnyx.failNext(1, 503, { applied: true })
    const call = dialledNow(await dial({ to: SOMEBODY }))
    assert.equal(rig.telnyx.calls.length, calls + 1)
    await call.waitForHeard(300, 10_000)
    call.hangUp()
    await endOf(call.callControlId)
  })

  it('is hung up where a machine answers and the agent leaves no message', async () => {
    const call = dialledNow(await dial({ to: '+13125550116', agentId: 'hang-up' }))
    await call.waitFor('ended')
    assert.equal(
      rig.telnyx.requests.findLast(({ command }) => command === 'dial')!.body.answering_machine_detection,
      'premium'
    )
    const { end_reason, end_detail } = await endOf(call.callControlId)
    assert.deepEqual([end_reason, end_detail], ['agent_hung_up', 'machine'])
  })

  it('leaves its message after the beep, to the end, and nothing during the greeting of the machine', async () => {
    const call = dialledNow(await dial({ to: '+13125550116', agentId: 'leave-message' }))
    await call.waitFor('clear')
    // The greeting of the machine is loud speech, which a person would be answered to.
    call.sayTone(600, 500)
    const beforeBeepMs = call.heardMs
    await call.waitFor('ended', 15_000)
    const { id, end_reason, end_detail } = await endOf(call.callControlId)
    assert.deepEqual([end_reason, end_detail], ['agent_hung_up', 'voicemail'])
    assert.ok(call.heardMs - beforeBeepMs >= 590, `${call.heardMs - beforeBeepMs} ms heard after the beep`)
    const turns = await rig.eventually(
      `select heard_text from turns where call_id = $1 and speaker = 'agent' and heard_text like '%' || $2`,
      [id, MESSAGE]
    )
    assert.equal(turns.length, 1)
    const callers = await rig.query("select * from turns where call_id = $1 and speaker = 'caller'", [id])
    assert.deepEqual(callers, [])
  })

  it('speaks with a person whom detection takes for one', async () => {
    const call = dialledNow(await dial({ to: SOMEBODY, agentId: 'leave-message' }))
    await call.waitForHeard(500, 10_000)
    await rig.telnyx.webhooksSettled()
    assert.equal(call.state, 'answered')
    call.hangUp()
    assert.equal((await endOf(call.callControlId)).end_reason, 'caller_hung_up')
  })

  it('is not placed for what is no number, an unknown agent, or a country that is not allowed', async () => {
    const dials = rig.telnyx.requests.filter(({ command }) => command === 'dial').length
    for (const [body, status, error] of [
      [{ to: '5550111' }, 400, 'invalid_request'],
      [{ to: '+1312' }, 400, 'invalid_request'],
      [{ to: '+13125550' }, 400, 'invalid_number'],
      [{ to: SOMEBODY, colour: 'red' }, 400, 'invalid_request'],
      [{ to: SOMEBODY, agentId: 'nobody' }, 404, 'unknown_agent'],
      [{ to: '+18765551234' }, 403, 'country_not_allowed'],
      [{ to: '+447911123456' }, 403, 'country_not_allowed'],
      [{ to: '+19005551234' }, 403, 'premium_number']
    ] as const) {
      const refused = await dial(body)
      assert.deepEqual([refused.status, refused.body.error], [status, error], JSON.stringify(body))
    }
    assert.equal(rig.telnyx.requests.filter(({ command }) => command === 'dial').length, dials)
  })

  it('answers 404 to the end of a call that nobody knows', async () => {
    const { status, body } = await operator('POST', '/api/calls/telnyx/end', { call_control_id: 'v3:nobody' })
    assert.deepEqual([status, body.error], [404, 'unknown_call'])
  })
})

describe('a Telnyx outbound call whose stream is there before Telnyx tells of the answer', {
  timeout: 300_000
}, () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig({
      telnyx: { webhooks: { delayMs: (type) => (type === 'call.answered' ? 1500 : 0) } },
      realtime: { script: () => ({ transcript: 'Hello.', audio: { toneHz: 500, ms: 600 } }) }
    })
  })
  after(() => rig.close())

  async function dialled() {
    const { body } = await operatorOf(rig.server)('POST', '/api/calls/telnyx/initiate', {
      from: FROM,
      to: SOMEBODY
    })
    const { callId } = body.data as { callId: string }
    const call = rig.telnyx.calls.find(({ callControlId }) => callControlId === callId)!
    await call.waitFor('streaming')
    return call
  }

  it('greets at the answer, hears from then on, and asks for no other stream', async () => {
    const call = await dialled()
    call.sayTone(700, 400)
    assert.equal(rig.server.registry.find(call.callControlId)?.session, null)
    await call.waitForHeard(550, 10_000)
    const session = rig.realtime.sessions.at(-1)!
    const loudest = session.receivedAudio.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0)
    assert.ok(loudest < 100, `the engine heard ${loudest} of what came before the answer`)
    call.sayTone(700, 600)
    await call.until(
      () => session.receivedAudio.some((sample) => Math.abs(sample) > 4000),
      'the caller',
      10_000
    )
    assert.deepEqual(
      rig.telnyx.requests.filter(({ command }) => command === 'streaming_start'),
      []
    )
    call.hangUp()
    await rig.eventually("select 1 from calls where end_reason = 'caller_hung_up'")
  })

  it('asks for another where it has gone meanwhile', async () => {
    const call = await dialled()
    call.stream.drop()
    await call.waitForHeard(550, 10_000)
    assert.equal(rig.telnyx.requests.filter(({ command }) => command === 'streaming_start').length, 1)
    call.hangUp()
    await rig.eventually('select 1 from calls where carrier_call_id = $1 and ended_at is not null', [
      call.callControlId
    ])
  })
})

describe('the guard of outbound calls', { timeout: 300_000 }, () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig({
      env: { OUTBOUND_COUNTRIES: 'GB', OUTBOUND_MAX_CALLS_PER_DAY: '2' },
      telnyx: { dialled: { result: 'user_busy', afterMs: 0 } }
    })
  })
  after(() => rig.close())

  it('lets call only the countries that are set, and so many times a day', async () => {
    const operator = operatorOf(rig.server)
    const dial = async (to: string) => {
      const { status, body } = await operator('POST', '/api/calls/telnyx/initiate', { from: FROM, to })
      return `${status} ${body.error ?? 'placed'}`
    }
    assert.equal(await dial(SOMEBODY), '403 country_not_allowed')
    const dials = await Promise.all([1, 2, 3, 4].map(() => dial('+442071838750')))
    assert.deepEqual(dials.toSorted(), ['200 placed', '200 placed', '403 daily_limit', '403 daily_limit'])
    const twilio = await operator('POST', '/api/calls/twilio/initiate', { from: FROM, to: '+442071838750' })
    assert.deepEqual([twilio.status, twilio.body.error], [403, 'daily_limit'])
  })
})
