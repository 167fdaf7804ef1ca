import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { DialledParty } from '../standins/telnyx/dialled-party.ts'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'

const OURS = '+13125550199'
const SALES = '+13125550161'
const BUSY = '+13125550162'
const NOBODY = '+13125550163'
const DECLINES = '+13125550164'
const RINGS = '+13125550165'

const PARTIES: Record<string, DialledParty> = {
  [SALES]: { result: 'answer', afterMs: 150 },
  [BUSY]: { result: 'user_busy', afterMs: 150 },
  [NOBODY]: { result: 'timeout', afterMs: 150 },
  [DECLINES]: { result: 'call_rejected', afterMs: 150 },
  [RINGS]: { result: 'ring', afterMs: 0 }
}

describe('a transfer on Telnyx', { timeout: 300_000 }, () => {
  let rig: CallRig
  let operator: ReturnType<typeof operatorOf>
  const outputs: string[] = []

  before(async () => {
    rig = await startCallRig({
      telnyx: { dialled: (to) => PARTIES[to] },
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
      tools: ['transfer_call', 'send_dtmf'],
      transferTargets: [
        { name: 'sales', number: SALES },
        { name: 'support', number: NOBODY }
      ]
    }
    assert.equal((await operator('POST', '/api/agents', agent)).status, 201)
    const assigned = await operator('PUT', `/api/numbers/${encodeURIComponent(OURS)}`, {
      agentId: 'reception'
    })
    assert.equal(assigned.status, 200)
  })
  after(() => rig.close())

  async function greeted(): Promise<TelnyxCall> {
    const call = rig.telnyx.placeCall({ from: '+13125550100', to: OURS })
    await call.waitForHeard(250, 10_000)
    return call
  }

  const transfer = (call: TelnyxCall, to: string) =>
    operator('POST', `/api/calls/${encodeURIComponent(call.callControlId)}/transfer`, { to })

  async function endOf(call: TelnyxCall) {
    const [row] = await rig.eventually(
      'select id, end_reason from calls where carrier_call_id = $1 and ended_at is not null',
      [call.callControlId]
    )
    return row
  }

  const legTo = (number: string) => rig.telnyx.calls.findLast(({ options }) => options.to === number)!
  const saidOn = (call: TelnyxCall) =>
    rig.query(
      `select said_text from turns join calls on calls.id = call_id
       where carrier_call_id = $1 and speaker = 'agent'`,
      [call.callControlId]
    )

  it('connects the caller with who answers, and takes the agent out without hanging up on them', async () => {
    const call = await greeted()
    const { status, body } = await transfer(call, SALES)
    assert.deepEqual([status, body.success, body.data], [200, true, { outcome: 'answered' }])
    const row = await endOf(call)
    assert.equal(row.end_reason, 'transferred')
    assert.equal(call.state, 'answered')
    assert.equal(legTo(SALES).state, 'answered')
    const request = rig.telnyx.requests.findLast(({ command }) => command === 'transfer')!
    assert.deepEqual([request.status, request.body.to, request.body.from], [200, SALES, OURS])
    assert.equal(request.body.timeout_secs, 30)
    // Two legs have been heard of since, and only one is a call of ours.
    call.hangUp()
    legTo(SALES).hangUp()
    await rig.telnyx.webhooksSettled()
    assert.deepEqual(await endOf(call), row)
    assert.deepEqual(
      await rig.query('select id from calls where carrier_call_id = $1', [legTo(SALES).callControlId]),
      []
    )
    const told = await rig.eventually(
      "select payload from call_events where call_id = $1 and type = 'transfer.completed'",
      [row.id]
    )
    assert.deepEqual(told[0].payload, { to: SALES, outcome: 'answered' })
  })

  for (const [to, outcome, words] of [
    [BUSY, 'busy', 'the line is busy'],
    [NOBODY, 'no_answer', "they don't answer"],
    [DECLINES, 'rejected', "they don't answer"]
  ]) {
    it(`brings the agent back to the caller where it comes to nothing (${outcome})`, async () => {
      const call = await greeted()
      const heardMs = call.heardMs
      const { status, body } = await transfer(call, to)
      assert.deepEqual([status, body.success, body.data], [200, false, { outcome }])
      await call.waitForHeard(heardMs + 280, 10_000)
      assert.equal(call.state, 'answered')
      call.hangUp()
      assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
      const said = await saidOn(call)
      assert.ok(
        said.some(({ said_text }) => String(said_text).includes(words)),
        JSON.stringify(said)
      )
    })
  }

  it('calls nobody any more for a caller who has hung up', async () => {
    const call = await greeted()
    const waiting = transfer(call, RINGS)
    const leg = await rig.telnyx.until(() => legTo(RINGS)?.moments.length > 0 && legTo(RINGS), 'the leg')
    await rig.telnyx.webhooksSettled()
    call.hangUp()
    assert.deepEqual((await waiting).body.data, { outcome: 'caller_hung_up' })
    await leg.waitFor('ended')
    assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
  })

  it('keeps the call where Telnyx takes the stream away before it tells whether anybody answers', async () => {
    const call = await greeted()
    const waiting = transfer(call, RINGS)
    const leg = await rig.telnyx.until(
      () => rig.telnyx.calls.findLast(({ options, state }) => options.to === RINGS && state !== 'ended'),
      'the leg'
    )
    await rig.telnyx.webhooksSettled()
    call.stream.stop()
    await rig.telnyx.until(
      () => !rig.server.registry.find(call.callControlId)?.session?.connected,
      'the loss'
    )
    leg.end({ cause: 'timeout', source: 'callee' })
    assert.deepEqual((await waiting).body.data, { outcome: 'no_answer' })
    const streams = () =>
      rig.telnyx.requests.filter(
        ({ command, callControlId }) => command === 'streaming_start' && callControlId === call.callControlId
      )
    await rig.telnyx.until(() => streams().length === 2, 'the stream to be asked for again')
    await call.waitForHeard(280, 10_000)
    call.hangUp()
    assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
  })

  it('is refused to a country that is not allowed, a second time at once, and for a call that is over', async () => {
    const call = await greeted()
    const abroad = await transfer(call, '+18765551234')
    assert.deepEqual([abroad.status, abroad.body.error], [403, 'country_not_allowed'])
    const first = transfer(call, NOBODY)
    await rig.telnyx.until(
      () =>
        rig.telnyx.requests.some(
          ({ command, callControlId }) => command === 'transfer' && callControlId === call.callControlId
        ),
      'the first'
    )
    const second = await transfer(call, SALES)
    assert.deepEqual([second.status, second.body.error], [409, 'transfer_under_way'])
    await first
    call.hangUp()
    await endOf(call)
    const late = await transfer(call, SALES)
    assert.deepEqual([late.status, late.body.error], [404, 'unknown_call'])
  })

  it('that the model asks for hands the caller over, to nobody but the targets of the profile', async () => {
    await operator('PUT', '/api/agents/reception', { instructions: 'call {"to":"sales"}' })
    const call = await greeted()
    call.sayTone(700, 600)
    await call.waitFor('transferred', 10_000)
    assert.equal((await endOf(call)).end_reason, 'transferred')

    await operator('PUT', '/api/agents/reception', { instructions: 'call {"to":"+18765551234"}' })
    const other = await greeted()
    outputs.length = 0
    other.sayTone(700, 600)
    await other.until(() => outputs.length > 0, 'the output of the tool', 10_000)
    assert.match(outputs[0], /to must be one of \["sales","support"\]/)
    other.hangUp()
    await endOf(other)
  })

  it('that the model asks for and nobody takes leaves it to the model to say so', async () => {
    await operator('PUT', '/api/agents/reception', { instructions: 'call {"to":"support"}' })
    const call = await greeted()
    outputs.length = 0
    call.sayTone(700, 600)
    await call.until(() => outputs.length > 0, 'the output of the tool', 10_000)
    const { outcome, error } = JSON.parse(outputs[0])
    assert.equal(outcome, 'no_answer')
    assert.match(error, /don't answer/)
    assert.equal(call.state, 'answered')
    call.hangUp()
    await endOf(call)
  })
})
