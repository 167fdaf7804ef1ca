import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TwilioCall } from '../standins/twilio/twilio-call.ts'
import type { DialledParty } from '../standins/twilio/twilio-standin.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'

const CALLER = '+13125550100'
const OURS = '+13125550199'
const SALES = '+13125550161'
const BUSY = '+13125550162'
const NOBODY = '+13125550163'
const UNREACHABLE = '+13125550164'
const RINGS = '+13125550165'

const PARTIES: Record<string, DialledParty> = {
  [SALES]: { result: 'answer', afterMs: 150 },
  [BUSY]: { result: 'busy', afterMs: 150 },
  [NOBODY]: { result: 'no-answer', afterMs: 150 },
  [UNREACHABLE]: { result: 'failed', afterMs: 150 },
  [RINGS]: { result: 'ring', afterMs: 0 }
}

describe('a transfer on Twilio', { timeout: 300_000 }, () => {
  let rig: CallRig
  let operator: ReturnType<typeof operatorOf>
  const outputs: string[] = []

  before(async () => {
    rig = await startCallRig({
      twilio: { dialled: (to) => PARTIES[to] },
      realtime: {
        // As its instructions say, the model asks for the transfer once it has been spoken to.
        script: ({ instructions, trigger, sessionInstructions, toolOutputs }) => {
          outputs.push(...toolOutputs)
          const transcript = instructions?.match(/"([^"]+)"/)?.[1] ?? 'One moment.'
          const asked = trigger === 'caller' ? /^call (.+)$/.exec(sessionInstructions)?.[1] : undefined
          const functionCalls = asked ? [{ name: 'transfer_call', arguments: asked }] : []
          return { transcript, audio: { toneHz: 500, ms: 300 }, functionCalls }
        }
      }
    })
    operator = operatorOf(rig.server)
    const agent = {
      id: 'reception',
      name: 'Reception',
      tools: ['transfer_call'],
      transferTargets: [{ name: 'support', number: NOBODY }]
    }
    assert.equal((await operator('POST', '/api/agents', agent)).status, 201)
    await operator('PUT', `/api/numbers/${encodeURIComponent(OURS)}`, { agentId: 'reception' })
  })
  after(() => rig.close())

  async function greeted(): Promise<TwilioCall> {
    const call = rig.twilio.placeCall({ from: CALLER, to: OURS })
    await call.waitForHeard(250, 10_000)
    return call
  }

  const transfer = (call: TwilioCall, to: string) =>
    operator('POST', `/api/calls/${call.callSid}/transfer`, { to })
  const legTo = (number: string) => rig.twilio.calls.findLast(({ options }) => options.to === number)
  const liveLegTo = (number: string) =>
    rig.twilio.until(() => {
      const leg = legTo(number)
      return leg?.endedBy === null && leg
    }, 'the other leg')
  const streamsOf = (call: TwilioCall) => call.moments.filter(({ name }) => name === 'streaming').length

  async function endOf(call: TwilioCall) {
    const [row] = await rig.eventually(
      'select id, end_reason from calls where carrier_call_id = $1 and ended_at is not null',
      [call.callSid]
    )
    return row
  }

  it('connects the caller with who answers, and takes the agent out without hanging up on them', async () => {
    const call = await greeted()
    const { status, body } = await transfer(call, SALES)
    assert.deepEqual([status, body.success, body.data], [200, true, { outcome: 'answered' }])
    const row = await endOf(call)
    assert.equal(row.end_reason, 'transferred')
    assert.deepEqual([call.status, legTo(SALES)?.status], ['in-progress', 'in-progress'])
    assert.equal(legTo(SALES)?.options.from, OURS)
    assert.deepEqual(
      await rig.query('select id from calls where carrier_call_id = $1', [legTo(SALES)?.callSid]),
      []
    )
    // Once the other party hangs up, so does Twilio: nobody else is there to speak with.
    legTo(SALES)?.hangUp()
    await call.waitFor('ended')
    assert.deepEqual([call.status, call.warnings], ['completed', []])
    await rig.twilio.webhooksSettled()
    assert.deepEqual(await endOf(call), row)
  })

  for (const [to, outcome, words] of [
    [BUSY, 'busy', 'the line is busy'],
    [NOBODY, 'no_answer', "they don't answer"],
    [UNREACHABLE, 'failed', "they don't answer"]
  ]) {
    it(`brings the agent back to the caller where it comes to nothing (${outcome})`, async () => {
      const call = await greeted()
      const { status, body } = await transfer(call, to)
      assert.deepEqual([status, body.success, body.data], [200, false, { outcome }])
      await call.until(() => streamsOf(call) === 2, 'the stream to be back')
      await call.waitForHeard(280, 10_000)
      call.hangUp()
      const { id, end_reason } = await endOf(call)
      assert.equal(end_reason, 'caller_hung_up')
      const said = await rig.query("select said_text from turns where call_id = $1 and speaker = 'agent'", [
        id
      ])
      assert.ok(
        said.some(({ said_text }) => String(said_text).includes(words)),
        JSON.stringify(said)
      )
      // The reply to the webhook brings the stream; nothing is asked by REST for it.
      const updates = rig.twilio.requests.filter(({ path }) => path.includes(call.callSid))
      assert.equal(updates.length, 1)
    })
  }

  it('calls nobody any more for a caller who has hung up, also where Twilio tells it there alone', async () => {
    for (const statusUrl of [rig.twilio.statusUrl, null]) {
      const told = rig.twilio.statusUrl
      rig.twilio.statusUrl = statusUrl
      const call = await greeted()
      rig.twilio.statusUrl = told
      const waiting = transfer(call, RINGS)
      const leg = await liveLegTo(RINGS)
      call.hangUp()
      assert.deepEqual((await waiting).body.data, { outcome: 'caller_hung_up' })
      await leg.waitFor('ended')
      assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
    }
  })

  it('is over where the operator ends the call meanwhile', async () => {
    const call = await greeted()
    const waiting = transfer(call, RINGS)
    const leg = await liveLegTo(RINGS)
    assert.equal((await operator('POST', `/api/calls/${call.callSid}/end`)).status, 200)
    await leg.waitFor('ended')
    await call.waitFor('ended')
    assert.equal((await waiting).body.success, false)
    assert.equal((await endOf(call)).end_reason, 'operator')
  })

  it('that Twilio refuses leaves the caller with the agent', async () => {
    const call = await greeted()
    rig.twilio.failNext(1, 500)
    const refused = await transfer(call, SALES)
    assert.deepEqual([refused.status, refused.body.error], [502, 'carrier_refused'])
    const heardMs = call.heardMs
    await operator('POST', `/api/calls/${call.callSid}/say`, { text: 'Still here.' })
    await call.waitForHeard(heardMs + 280, 10_000)
    call.hangUp()
    assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
  })

  it('is refused to a country that is not allowed, and a second time at once', async () => {
    const call = await greeted()
    const abroad = await transfer(call, '+18765551234')
    assert.deepEqual([abroad.status, abroad.body.error], [403, 'country_not_allowed'])
    const first = transfer(call, RINGS)
    const leg = await liveLegTo(RINGS)
    const second = await transfer(call, SALES)
    assert.deepEqual([second.status, second.body.error], [409, 'transfer_under_way'])
    leg.end('caller', 'no-answer')
    assert.deepEqual((await first).body.data, { outcome: 'no_answer' })
    call.hangUp()
    await endOf(call)
  })

  it('that the model asks for and nobody takes leaves it to the model to say so, on the new stream', async () => {
    await operator('PUT', '/api/agents/reception', { instructions: 'call {"to":"support"}' })
    const call = await greeted()
    outputs.length = 0
    call.sayTone(700, 600)
    await call.until(() => outputs.length > 0, 'the output of the tool', 10_000)
    assert.equal(JSON.parse(outputs[0]).outcome, 'no_answer')
    await call.until(() => streamsOf(call) === 2, 'the stream to be back')
    await call.waitForHeard(280, 10_000)
    call.hangUp()
    assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
  })

  it('is not told of by anybody but Twilio', async () => {
    for (const path of ['answered', 'ended']) {
      const url = `${rig.server.url}/api/calls/twilio/transfer/${path}?id=1`
      const forged = await rig.twilio.post(url, { CallSid: 'CA1', DialCallStatus: 'busy' }, 'wrong')
      assert.equal(forged.status, 403)
    }
  })
})
