import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ScriptedReply } from '../standins/openai/script.ts'
import type { StandInSession } from '../standins/openai/stand-in-session.ts'
import type { TwilioCall } from '../standins/twilio/twilio-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { fitTone } from '../support/tone.ts'

const TONE_HZ = 997
const RATE_HZ = 8000
const GREETING_MS = 2400
/** What G.711 leaves of a tone. */
const LEAST_SNR_DB = 30

/** The greeting is a tone, the answer too, and long enough to be cut; the last says goodbye. */
const REPLIES: ScriptedReply[] = [
  { transcript: 'Hello.', audio: { toneHz: TONE_HZ, ms: GREETING_MS } },
  {
    transcript: 'A long answer that goes on and on until somebody cuts it.',
    audio: { toneHz: TONE_HZ, ms: 8000 }
  },
  {
    transcript: 'Goodbye.',
    audio: { toneHz: TONE_HZ, ms: 600 },
    functionCalls: [{ name: 'end_call', arguments: '{}' }]
  }
]

describe('a Twilio inbound call', () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig({
      realtime: {
        script: ({ index }) => REPLIES[Math.min(index, REPLIES.length - 1)],
        transcribe: (utterance) => `utterance ${utterance}`
      }
    })
  })
  after(() => rig.close())

  it('is answered, heard, interrupted, ended and recorded', async () => {
    const call = rig.twilio.placeCall({ from: '+15550001111', to: '+15550002222' })
    const session = await rig.realtime.waitForSession(1)
    await call.waitForHeard(GREETING_MS - 400, 10_000)
    const greeting = steadyTone(call.heard.subarray(RATE_HZ * 0.6))
    assert.ok(greeting.snrDb >= LEAST_SNR_DB, `the caller hears the tone at ${greeting.snrDb.toFixed(1)} dB`)
    await call.waitForHeard(GREETING_MS)

    call.sayTone(TONE_HZ, 1200)
    await call.waitForHeard(GREETING_MS + 1500, 15_000)
    const spoken = steadyTone(lastLoud(session.receivedAudio))
    assert.ok(spoken.snrDb >= LEAST_SNR_DB, `the engine hears the tone at ${spoken.snrDb.toFixed(1)} dB`)

    call.sayTone(500, 800)
    await call.waitFor('clear')
    const heardMs = call.heardMs - GREETING_MS
    const truncate = await call.until(() => truncates(session).at(-1), 'a truncate')
    assert.ok(
      Math.abs(truncate.audio_end_ms - heardMs) <= 50,
      `truncated at ${truncate.audio_end_ms} ms, heard ${heardMs} ms`
    )

    await call.waitFor('ended', 20_000)
    assert.deepEqual([call.status, call.endedBy, call.warnings], ['completed', 'callee', []])
    assert.deepEqual(
      rig.twilio.requests.map(({ form, status }) => ({ ...form, status })),
      [{ Status: 'completed', status: 200 }]
    )
    await assertRecorded(rig, call)
  })

  it('leaves in the log what a setup guide needs, and no token or number', async () => {
    const events = rig.log.map(({ event }) => event)
    const sequence = [
      'call.initiated',
      'call.answered',
      'stream.requested',
      'stream.connected',
      'session.ready',
      'audio.first_to_caller',
      'turn.interrupted',
      'call.ended'
    ]
    assert.deepEqual(
      sequence.filter((name) => !events.includes(name)),
      []
    )
    const text = JSON.stringify(rig.log)
    const { customParameters } = rig.twilio.calls[0].stream.options.identity
    assert.ok(customParameters.token.length > 40)
    assert.equal(text.includes(customParameters.token), false)
    assert.equal(text.includes('+15550001111'), false)
    assert.equal(text.includes(rig.twilio.authToken), false)
  })
})

describe('a Twilio caller', () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig({
      env: { MAX_CONCURRENT_CALLS: '1' },
      realtime: { script: () => ({ transcript: 'Hello.', audio: { toneHz: TONE_HZ, ms: 1500 } }) }
    })
  })
  after(() => rig.close())

  it('who hangs up in the middle of the greeting ends the call as caller_hung_up, with its minutes', async () => {
    const call = rig.twilio.placeCall()
    await call.waitForHeard(300, 10_000)
    call.hangUp()
    const [row] = await rig.eventually(
      `select end_reason, minutes::int from calls join usage_minutes on call_id = id
       where carrier_call_id = $1 and status = 'ended'`,
      [call.callSid]
    )
    assert.deepEqual(row, { end_reason: 'caller_hung_up', minutes: 1 })
    const events = await rig.eventually(
      `select payload->>'duration_seconds' as seconds from call_events where type = 'call.completed'
       and event_id = $1`,
      [`${call.callSid}:completed`]
    )
    assert.equal(events[0].seconds, '0')
  })

  it('goes on where no frames came for a while', async () => {
    const call = rig.twilio.placeCall()
    await call.waitForHeard(1500, 10_000)
    const session = await rig.realtime.waitForSession(2)
    call.stream.pause()
    const framesAtPause = session.receivedAudio.length
    await call.until(() => call.stream.callerPosition() > 8000 * 3, 'time to pass')
    call.stream.resume()
    const heardMs = call.heardMs
    call.sayTone(500, 800)
    await call.waitForHeard(heardMs + 300, 15_000)
    assert.ok(session.receivedAudio.length > framesAtPause)
    call.hangUp()
    await rig.eventually(`select 1 from calls where carrier_call_id = $1 and status = 'ended'`, [
      call.callSid
    ])
  })

  it('hears busy where there is no room for another call', async () => {
    const first = rig.twilio.placeCall()
    await first.waitForHeard(100, 10_000)
    const second = rig.twilio.placeCall()
    await second.waitFor('ended')
    assert.deepEqual([second.status, second.warnings], ['busy', []])
    const [row] = await rig.eventually(
      `select end_reason from calls where carrier_call_id = $1 and end_reason is not null`,
      [second.callSid]
    )
    assert.equal(row.end_reason, 'rejected_capacity')
    first.hangUp()
    await rig.eventually(`select 1 from calls where carrier_call_id = $1 and status = 'ended'`, [
      first.callSid
    ])
  })

  it('whose stream does not know the token is heard by no engine', async () => {
    const before = rig.realtime.sessions.length
    const call = rig.twilio.placeCall({ customParameters: { token: 'forged' } })
    await call.waitFor('streaming-stopped')
    assert.match(
      call.moments.find(({ name }) => name === 'streaming-stopped')?.detail ?? '',
      /by server, 1008/
    )
    const session = rig.realtime.sessions[before]
    assert.equal(session?.receivedAudio.length ?? 0, 0)
    await rig.eventually(`select 1 from calls where carrier_call_id = $1 and status = 'ended'`, [
      call.callSid
    ])
  })

  it('whose stream is not signed by Twilio gets no socket', async () => {
    for (const signUpgrade of ['none', 'wrong'] as const) {
      const call = rig.twilio.placeCall({ signUpgrade })
      const { detail } = await call.waitFor('streaming-failed')
      assert.match(detail, /403/)
      await rig.eventually(`select 1 from calls where carrier_call_id = $1 and status = 'ended'`, [
        call.callSid
      ])
    }
  })
})

async function assertRecorded(rig: CallRig, { callSid }: TwilioCall): Promise<void> {
  const [call] = await rig.eventually(
    `select * from calls join usage_minutes on call_id = id where carrier_call_id = $1 and status = 'ended'`,
    [callSid]
  )
  assert.deepEqual(
    [call.carrier, call.end_reason, call.direction, call.from_number, call.to_number, Number(call.minutes)],
    ['twilio', 'agent_hung_up', 'inbound', '+15550001111', '+15550002222', 1]
  )
  const turns = await rig.query('select * from turns where call_id = $1 order by turn_index, started_at', [
    call.id
  ])
  const agent = turns.filter(({ speaker }) => speaker === 'agent')
  assert.deepEqual(
    agent.map(({ interrupted }) => interrupted),
    [false, true, false]
  )
  assert.equal(agent[0].heard_text, 'Hello.')
  assert.notEqual(agent[1].heard_text, agent[1].said_text)
  assert.ok(Number(agent[1].response_ms) > 0)
}

function truncates(session: StandInSession) {
  return session.events.flatMap(({ event }) => (event.type === 'conversation.item.truncate' ? [event] : []))
}

/** The tone at its steadiest: the middle of the loud part, free of onset and end. */
function steadyTone(samples: Int16Array) {
  const first = samples.findIndex((sample) => Math.abs(sample) > 4000)
  const last = samples.findLastIndex((sample) => Math.abs(sample) > 4000)
  assert.ok(first >= 0, 'there is no tone')
  const margin = Math.round(RATE_HZ * 0.1)
  return fitTone(samples.subarray(first + margin, last - margin), RATE_HZ, TONE_HZ)
}

/** The last loud stretch, up to 1.2 s of it. */
function lastLoud(samples: Int16Array): Int16Array {
  const last = samples.findLastIndex((sample) => Math.abs(sample) > 4000)
  return samples.subarray(Math.max(0, last - Math.round(RATE_HZ * 1.2)), last + 1)
}
