import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ScriptedReply } from '../standins/openai/script.ts'
import type { StandInSession } from '../standins/openai/stand-in-session.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { fitTone, sine } from '../support/tone.ts'

const TONE_HZ = 997
const GREETING_MS = 2400

/** The greeting is a tone, the answer too, the third reply is long enough to be cut, the last says goodbye. */
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

interface Codec {
  readonly name: string
  readonly env: Record<string, string>
  readonly byteOrder?: 'le' | 'be'
  readonly snrDb: number
}

const CODECS: Codec[] = [
  { name: 'PCMU', env: { TELNYX_STREAM_CODEC: 'PCMU' }, snrDb: 30 },
  { name: 'PCMA', env: { TELNYX_STREAM_CODEC: 'PCMA' }, snrDb: 30 },
  { name: 'L16/16000 little-endian', env: l16(16000), byteOrder: 'le', snrDb: 60 },
  { name: 'L16/16000 big-endian', env: l16(16000), byteOrder: 'be', snrDb: 60 },
  { name: 'L16/24000 little-endian', env: l16(24000), byteOrder: 'le', snrDb: 60 },
  { name: 'L16/24000 big-endian', env: l16(24000), byteOrder: 'be', snrDb: 60 }
]

for (const codec of CODECS) {
  describe(`a Telnyx inbound call in ${codec.name}`, () => {
    let rig: CallRig

    before(async () => {
      rig = await startCallRig({
        env: codec.env,
        telnyx: { calls: { byteOrder: codec.byteOrder } },
        realtime: {
          script: ({ index }) => REPLIES[Math.min(index, REPLIES.length - 1)],
          transcribe: (utterance) => `utterance ${utterance}`
        }
      })
    })
    after(() => rig.close())

    it('is answered, heard, interrupted, ended and recorded', async () => {
      const call = rig.telnyx.placeCall({ from: '+15550001111', to: '+15550002222' })
      // Both byte orders can only be told apart by sound, so the caller is the first to make some.
      await call.waitFor('streaming')
      if (codec.byteOrder === 'be') call.say(quietHum(call.spokenRateHz))
      const session = await rig.realtime.waitForSession(1)
      await call.waitForHeard(GREETING_MS - 400)
      const greeting = steadyTone(call.heard.subarray(call.heardRateHz * 0.6), call.heardRateHz)
      assert.ok(greeting.snrDb >= codec.snrDb, `the caller hears the tone at ${greeting.snrDb.toFixed(1)} dB`)
      await call.waitForHeard(GREETING_MS)

      call.sayTone(TONE_HZ, 1200)
      await call.waitForHeard(GREETING_MS + 1500, 15_000)
      const engineRateHz = codec.name.startsWith('L16') ? 24_000 : 8000
      const spoken = steadyTone(lastLoud(session.receivedAudio, engineRateHz), engineRateHz)
      assert.ok(spoken.snrDb >= codec.snrDb, `the engine hears the tone at ${spoken.snrDb.toFixed(1)} dB`)

      call.sayTone(500, 800)
      await call.waitFor('clear')
      const heardMs = call.heardMs - GREETING_MS
      const truncate = await call.until(() => truncates(session).at(-1), 'a truncate')
      assert.ok(
        Math.abs(truncate.audio_end_ms - heardMs) <= 50,
        `truncated at ${truncate.audio_end_ms} ms, heard ${heardMs} ms`
      )

      await call.waitFor('ended', 20_000)
      assert.equal(call.hangup?.source, 'callee')
      assert.deepEqual(
        rig.telnyx.requests.filter(({ status }) => status >= 400),
        []
      )
      await assertRecorded(rig, call.callControlId)
    })
  })
}

async function assertRecorded(rig: CallRig, carrierCallId: string): Promise<void> {
  const [call] = await rig.eventually(
    `select * from calls join usage_minutes on call_id = id where carrier_call_id = $1 and status = 'ended'`,
    [carrierCallId]
  )
  assert.equal(call.end_reason, 'agent_hung_up')
  assert.equal(call.direction, 'inbound')
  assert.equal(call.from_number, '+15550001111')
  assert.equal(Number(call.minutes), 1)
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
  assert.ok(String(agent[1].said_text).startsWith(String(agent[1].heard_text)))
  assert.ok(Number(agent[1].response_ms) > 0)
}

function truncates(session: StandInSession) {
  return session.events.flatMap(({ event }) => (event.type === 'conversation.item.truncate' ? [event] : []))
}

/** The tone at its steadiest: the middle of the loud part, free of onset and end. */
function steadyTone(samples: Int16Array, sampleRate: number) {
  const first = samples.findIndex((sample) => Math.abs(sample) > 4000)
  const last = samples.findLastIndex((sample) => Math.abs(sample) > 4000)
  assert.ok(first >= 0, 'there is no tone')
  const margin = Math.round(sampleRate * 0.1)
  return fitTone(samples.subarray(first + margin, last - margin), sampleRate, TONE_HZ)
}

/** The last loud stretch, up to 1.2 s of it. */
function lastLoud(samples: Int16Array, sampleRate: number): Int16Array {
  const last = samples.findLastIndex((sample) => Math.abs(sample) > 4000)
  return samples.subarray(Math.max(0, last - Math.round(sampleRate * 1.2)), last + 1)
}

/** Loud enough to show its byte order, too quiet to be speech. */
function quietHum(sampleRate: number): Int16Array {
  return sine({ frequencyHz: 300, sampleRate, ms: 300, amplitude: 420 })
}

function l16(sampleRate: number): Record<string, string> {
  return { TELNYX_STREAM_CODEC: 'L16', TELNYX_STREAM_SAMPLE_RATE: String(sampleRate), OPENAI_AUDIO: 'auto' }
}
