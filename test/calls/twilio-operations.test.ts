import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { StandInSession } from '../standins/openai/stand-in-session.ts'
import type { TwilioCall } from '../standins/twilio/twilio-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'

const OURS = '+13125550199'

describe('the operator, in a call of Twilio’s', { timeout: 300_000 }, () => {
  let rig: CallRig
  let operator: ReturnType<typeof operatorOf>
  const outputs: string[] = []

  before(async () => {
    rig = await startCallRig({
      realtime: {
        // As its instructions say, the model presses keys once it has been spoken to.
        script: ({ trigger, sessionInstructions, toolOutputs }) => {
          outputs.push(...toolOutputs)
          const digits = trigger === 'caller' ? /^press (.+)$/.exec(sessionInstructions)?.[1] : undefined
          const functionCalls = digits
            ? [{ name: 'send_dtmf', arguments: JSON.stringify({ digits }) }]
            : undefined
          return { transcript: 'Hello.', audio: { toneHz: 500, ms: 400 }, functionCalls }
        }
      }
    })
    operator = operatorOf(rig.server)
    const agent = { id: 'menus', name: 'Menus', tools: ['send_dtmf'], instructions: 'press 1w2#' }
    assert.equal((await operator('POST', '/api/agents', agent)).status, 201)
  })
  after(() => rig.close())

  async function greeted(): Promise<{ call: TwilioCall; session: StandInSession }> {
    const call = rig.twilio.placeCall({ to: OURS })
    await call.waitForHeard(350, 10_000)
    return { call, session: rig.realtime.sessions.at(-1)! }
  }

  async function command(call: TwilioCall, name: string, body?: object): Promise<void> {
    const reply = await operator('POST', `/api/calls/${call.callSid}/${name}`, body)
    assert.deepEqual([reply.status, reply.body], [200, { success: true }], name)
  }

  async function ended(call: TwilioCall): Promise<void> {
    call.hangUp()
    await rig.eventually('select 1 from calls where carrier_call_id = $1 and ended_at is not null', [
      call.callSid
    ])
  }

  it('has the caller hear something by say, and only the model by whisper', async () => {
    const { call, session } = await greeted()
    const heardMs = call.heardMs
    await command(call, 'say', { text: 'We close now.' })
    await call.waitForHeard(heardMs + 350, 10_000)
    const replies = session.events.filter(({ event }) => event.type === 'response.create').length
    await command(call, 'whisper', { text: 'Be kind.' })
    await call.until(() => JSON.stringify(session.events).includes('Be kind.'), 'the whisper to arrive')
    assert.equal(session.events.filter(({ event }) => event.type === 'response.create').length, replies)
    await ended(call)
  })

  it('silences the agent by mute, with a clear, and lets it be heard again', async () => {
    const call = rig.twilio.placeCall({ to: OURS })
    await call.waitForHeard(100, 10_000)
    await command(call, 'mute')
    await call.waitFor('clear')
    const heardMs = call.heardMs
    await command(call, 'say', { text: 'Nobody hears this.' })
    const session = rig.realtime.sessions.at(-1)!
    await call.until(
      () => session.events.some(({ event }) => event.type === 'conversation.item.delete'),
      'the model to forget what nobody heard'
    )
    assert.ok(call.heardMs - heardMs < 40, `${call.heardMs - heardMs} ms were heard of a muted agent`)
    await command(call, 'unmute')
    await command(call, 'say', { text: 'Heard again.' })
    await call.waitForHeard(heardMs + 350, 10_000)
    await ended(call)
  })

  it('hears of a key that the caller presses, and so does the model', async () => {
    const { call, session } = await greeted()
    call.sendDtmf('7')
    await call.until(() => JSON.stringify(session.events).includes('7'), 'the key to arrive')
    const [event] = await rig.eventually(
      `select payload from call_events join calls on calls.id = call_id
       where carrier_call_id = $1 and type = 'dtmf'`,
      [call.callSid]
    )
    assert.deepEqual(event.payload, { digit: '7' })
    await ended(call)
  })

  it('loses nothing of the call where the agent presses keys: the stream makes way, and is back', async () => {
    await operator('PUT', `/api/numbers/${encodeURIComponent(OURS)}`, { agentId: 'menus' })
    const { call, session } = await greeted()
    outputs.length = 0
    call.sayTone(700, 600)
    await call.until(() => call.pressed === '1w2#', 'the keys', 10_000)
    await call.until(() => outputs.length > 0, 'the output of the tool')
    assert.deepEqual(JSON.parse(outputs[0]), { pressed: true })
    const streams = () => call.moments.filter(({ name }) => name === 'streaming').length
    await call.until(() => streams() === 2, 'the stream to be back')
    await call.waitForHeard(350, 10_000)
    assert.equal(rig.realtime.sessions.at(-1), session)
    assert.deepEqual([call.status, call.warnings], ['in-progress', []])
    await ended(call)
    const [row] = await rig.query('select end_reason from calls where carrier_call_id = $1', [call.callSid])
    assert.equal(row.end_reason, 'caller_hung_up')
  })
})
