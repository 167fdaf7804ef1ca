import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { TwilioStandInOptions } from '../standins/twilio/twilio-standin.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'

const TO = '+13125550111'
const FROM = '+13125550122'

describe('a Twilio outbound call', { timeout: 60_000 }, () => {
  let rig: CallRig

  async function start(dialled?: TwilioStandInOptions['dialled']): Promise<void> {
    rig = await startCallRig({
      twilio: { dialled },
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
        `select direction, from_number, to_number, end_reason, answered_at is not null as answered
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
      assert.deepEqual([row.end_reason, row.answered], ['carrier_failed', false])
      assert.equal(rig.server.registry.size, 0)
      assert.deepEqual(await rig.query('select * from usage_minutes'), [])
    })
  }

  it('that rings can be called off by the operator', async () => {
    await start({ result: 'ring', afterMs: 0 })
    await post('initiate', { to: TO, from: FROM })
    const call = await rig.twilio.waitForDial()
    assert.deepEqual((await post('end', { call_control_id: call.callSid })).body, { success: true })
    await call.waitFor('ended')
    assert.equal(call.status, 'canceled')
    assert.equal((await rowOf(call.callSid)).answered, false)
  })
})
