import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { DialledParty } from '../standins/twilio/twilio-standin.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'

const TO = '+13125550111'
const FROM = '+13125550122'

describe('a Twilio outbound call', { timeout: 300_000 }, () => {
  let rig: CallRig

  async function start(party?: DialledParty, env: Record<string, string> = {}): Promise<void> {
    rig = await startCallRig({
      env,
      twilio: { dialled: () => party },
      realtime: { script: () => ({ transcript: 'Hello.', audio: { toneHz: 500, ms: 800 } }) }
    })
  }

  afterEach(() => rig.close())

  async function post(path: string, body: object) {
    const response = await fetch(`${rig.server.url}/api/calls/twilio/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${rig.server.operatorToken}`,
        'content-type': 'application/json'
      },
      body: JSON.stringify(body)
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  const rowOf = async (callSid: string) =>
    (
      await rig.eventually(
        `select direction, from_number, to_number, end_reason, end_detail, answered_at is not null as answered
         from calls where carrier_call_id = $1 and ended_at is not null`,
        [callSid]
      )
    )[0]

  describe('that is answered', () => {
    beforeEach(() => start())

    it('is told to the operator at once, greets whoever answers, and ends for the operator', async () => {
      const { status, body } = await post('initiate', { to: TO, from: FROM, agentId: 'default' })
      assert.equal(status, 200)
      const call = await rig.twilio.waitForDial()
      const { dbRecord, streamUrl, ...data } = body.data as Record<string, unknown>
      assert.deepEqual(
        [body.success, data],
        [true, { callId: call.callSid, status: 'initiated', direction: 'outbound-dial' }]
      )
      const { id, carrier, carrier_call_id, direction } = dbRecord as Record<string, unknown>
      assert.deepEqual([carrier, carrier_call_id, direction], ['twilio', call.callSid, 'outbound'])
      assert.ok(String(streamUrl).endsWith(`/ws/twilio/${id}`))
      await call.waitForHeard(800, 10_000)
      assert.equal(call.stream.options.url, streamUrl)
      assert.deepEqual((await post('end', { call_sid: call.callSid })).body, { success: true })
      await call.waitFor('ended')
      assert.deepEqual(await rowOf(call.callSid), {
        direction: 'outbound',
        from_number: FROM,
        to_number: TO,
        end_reason: 'operator',
        end_detail: null,
        answered: true
      })
      await rig.twilio.webhooksSettled()
      const events = await rig.eventually(
        `select type from call_events where type = 'call.completed' and event_id = $1`,
        [`${call.callSid}:completed`]
      )
      assert.equal(events.length, 1)
      assert.deepEqual((await post('end', { call_sid: call.callSid })).body, { success: true })
    })

    it('is not placed for numbers that are not E.164, an unknown agent or what Twilio refuses', async () => {
      for (const [body, field] of [
        [{ to: '5550111', from: FROM }, 'body/to'],
        [{ to: TO, from: 'me' }, 'body/from'],
        [{ to: TO }, 'from'],
        [{ to: TO, from: FROM, colour: 'red' }, 'colour']
      ] as const) {
        const refused = await post('initiate', body)
        assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_request'])
        assert.ok(String(refused.body.message).includes(field), String(refused.body.message))
      }
      const stranger = await post('initiate', { to: TO, from: FROM, agentId: 'nobody' })
      assert.deepEqual([stranger.status, stranger.body.error], [404, 'unknown_agent'])
      assert.equal(rig.twilio.requests.length, 0)
      rig.twilio.failNext(1, 503)
      const failed = await post('initiate', { to: TO, from: FROM })
      assert.deepEqual([failed.status, failed.body.error], [502, 'carrier_refused'])
      assert.equal(rig.server.registry.size, 0)
    })
  })

  for (const result of ['busy', 'no-answer', 'failed'] as const) {
    it(`that ends as ${result} costs no minute and leaves its place`, async () => {
      await start({ result, afterMs: 50 })
      await post('initiate', { to: TO, from: FROM })
      const call = await rig.twilio.waitForDial()
      const row = await rowOf(call.callSid)
      const detail = result.replace('-', '_')
      assert.deepEqual([row.end_reason, row.end_detail, row.answered], ['carrier_failed', detail, false])
      assert.equal(rig.server.registry.size, 0)
      assert.deepEqual(await rig.query('select * from usage_minutes'), [])
    })
  }

  it('is placed only to the countries that are set, never to a premium number, and so many times a day', async () => {
    await start(
      { result: 'busy', afterMs: 20 },
      {
        OUTBOUND_COUNTRIES: 'US,DE',
        OUTBOUND_MAX_CALLS_PER_DAY: '2'
      }
    )
    for (const [to, error] of [
      ['+18765551234', 'country_not_allowed'],
      ['+442079460123', 'country_not_allowed'],
      ['+19005550123', 'premium_number']
    ]) {
      const refused = await post('initiate', { to, from: FROM })
      assert.deepEqual([refused.status, refused.body.error], [403, error])
    }
    assert.equal(rig.twilio.requests.length, 0)
    assert.equal((await post('initiate', { to: '+493012345678', from: FROM })).status, 200)
    assert.equal((await post('initiate', { to: TO, from: FROM })).status, 200)
    const third = await post('initiate', { to: TO, from: FROM })
    assert.deepEqual([third.status, third.body.error], [403, 'daily_limit'])
    assert.match(String(third.body.message), /OUTBOUND_MAX_CALLS_PER_DAY/)
  })

  it('is placed to the country of the number that calls where no other is set', async () => {
    await start({ result: 'busy', afterMs: 20 })
    const abroad = await post('initiate', { to: '+493012345678', from: FROM })
    assert.deepEqual([abroad.status, abroad.body.error], [403, 'country_not_allowed'])
    assert.equal((await post('initiate', { to: '+493012345678', from: '+493087654321' })).status, 200)
  })

  it('that rings can be called off by the operator', async () => {
    await start({ result: 'ring', afterMs: 0 })
    await post('initiate', { to: TO, from: FROM })
    const call = await rig.twilio.waitForDial()
    assert.deepEqual((await post('end', { call_control_id: call.callSid })).body, { success: true })
    await call.waitFor('ended')
    assert.equal(call.status, 'canceled')
    assert.equal((await rowOf(call.callSid)).answered, false)
  })

  describe('that may be taken by a machine', () => {
    const MACHINE = {
      result: 'answer',
      afterMs: 50,
      machine: { detectedAfterMs: 300, beepAfterMs: 900 }
    } as const
    const MESSAGE = 'Please call us back.'

    async function dial(machineDetection: string) {
      const { url, operatorToken } = rig.server
      const agent = { id: 'caller', name: 'Caller', machineDetection, voicemailMessage: MESSAGE }
      await fetch(`${url}/api/agents`, {
        method: 'POST',
        headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(agent)
      })
      assert.equal((await post('initiate', { to: TO, from: FROM, agentId: 'caller' })).status, 200)
      return rig.twilio.waitForDial()
    }

    it('is hung up where the agent leaves no message', async () => {
      await start(MACHINE)
      const call = await dial('hang_up')
      await call.waitFor('ended', 10_000)
      const row = await rowOf(call.callSid)
      assert.deepEqual([row.end_reason, row.end_detail], ['agent_hung_up', 'machine'])
      assert.equal(rig.twilio.requests[0].form.MachineDetection, 'Enable')
    })

    it('gets the message after the beep, and is hung up', async () => {
      await start(MACHINE)
      const call = await dial('leave_message')
      await call.waitFor('ended', 15_000)
      const row = await rowOf(call.callSid)
      assert.deepEqual([row.end_reason, row.end_detail], ['agent_hung_up', 'voicemail'])
      const created = JSON.stringify(rig.realtime.sessions[0].events.map(({ event }) => event))
      assert.ok(created.includes(MESSAGE))
      assert.ok(call.heardMs >= 750, `${call.heardMs} ms were heard`)
    })

    it('speaks with a person as ever', async () => {
      await start({ result: 'answer', afterMs: 50 })
      const call = await dial('hang_up')
      await call.waitForHeard(750, 10_000)
      await rig.twilio.webhooksSettled()
      assert.equal(call.status, 'in-progress')
    })
  })
})
