import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { UNAVAILABLE } from '../standins/openai/api-body.ts'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'
import { speechLike } from '../support/speech-like.ts'
import { waitForTones } from '../support/tones-heard.ts'

const GREETING_HZ = 400
const ANSWER_HZ = 550
const APOLOGY_HZ = 700
const GOODBYE_HZ = 850
/** Whatever OpenAI's voice says. */
const OTHER_VOICE_HZ = 1000

const toneOf = (text: string) => {
  if (text.startsWith('Sorry')) return APOLOGY_HZ
  if (text.startsWith('I am sorry')) return GOODBYE_HZ
  return text.startsWith('The answer') ? ANSWER_HZ : GREETING_HZ
}

interface Faults {
  listening: boolean
  speaking: boolean
  otherVoice: boolean
  /** Chat requests that fail from now on; a model's name: those to it. */
  chat: number | string
  realtime: boolean
}

const SOUND: Faults = { listening: false, speaking: false, otherVoice: false, chat: 0, realtime: false }

describe('what the caller hears where a service of the cascade fails', { timeout: 300_000 }, () => {
  let rig: CallRig
  let faults: Faults = SOUND

  before(async () => {
    rig = await startCallRig({
      env: { AGENT_ENGINE: 'cascade' },
      deepgram: {
        transcribe: () => 'What is it?',
        voice: toneOf,
        refuse: (path) => {
          const away = path === '/v1/speak' ? faults.speaking : faults.listening
          return away ? 503 : null
        }
      },
      realtime: {
        transcribeFile: () => 'What is it?',
        speechVoice: () => OTHER_VOICE_HZ,
        speechFault: () => (faults.otherVoice ? UNAVAILABLE : null),
        chat: ({ model }) => {
          if (model === faults.chat) return { error: UNAVAILABLE }
          if (typeof faults.chat === 'number' && faults.chat-- > 0) return { error: UNAVAILABLE }
          return { text: 'The answer is simple.' }
        }
      }
    })
    await operatorOf(rig.server)('PUT', '/api/agents/default', { greeting: 'Hello there.' })
  })
  after(() => rig.close())
  beforeEach(() => {
    faults = { ...SOUND }
  })

  async function greeted(): Promise<TelnyxCall> {
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(200, 10_000)
    await waitForTones(call, [GREETING_HZ])
    return call
  }

  const say = (call: TelnyxCall, ms = 1000) => call.say(speechLike({ sampleRate: 8000, ms }))

  async function endOf(call: TelnyxCall) {
    const [row] = await rig.eventually(
      'select id, end_reason, engine from calls where carrier_call_id = $1 and ended_at is not null',
      [call.callControlId]
    )
    return row
  }

  it('a listening service that breaks: the answer all the same', async () => {
    const call = await greeted()
    say(call, 1400)
    await rig.deepgram.until(() => rig.deepgram.listens.at(-1)?.sent.some(isStart), 'the caller to be heard')
    rig.deepgram.listens.at(-1)?.terminate()
    await waitForTones(call, [GREETING_HZ, ANSWER_HZ])
    call.hangUp()
    assert.equal((await endOf(call)).end_reason, 'caller_hung_up')
  })

  it('a listening service that stalls, and stays away: an apology, and the answer', async () => {
    const call = await greeted()
    rig.deepgram.listens.at(-1)?.stall()
    faults.listening = true
    say(call, 3000)
    await waitForTones(call, [GREETING_HZ, APOLOGY_HZ, ANSWER_HZ])
    call.hangUp()
    await endOf(call)
  })

  it('a model that fails once: an apology, and the answer', async () => {
    const call = await greeted()
    faults.chat = 1
    say(call)
    await waitForTones(call, [GREETING_HZ, APOLOGY_HZ, ANSWER_HZ])
    call.hangUp()
    await endOf(call)
  })

  it('a model that stays away: an apology, and the answer of the second one', async () => {
    const call = await greeted()
    faults.chat = 'gpt-5.4-mini'
    say(call)
    await waitForTones(call, [GREETING_HZ, APOLOGY_HZ, ANSWER_HZ])
    call.hangUp()
    await endOf(call)
  })

  it('a voice that stalls, and stays away: the other voice', async () => {
    const call = await greeted()
    rig.deepgram.speaks.at(-1)?.stall()
    faults.speaking = true
    say(call)
    await waitForTones(call, [GREETING_HZ, OTHER_VOICE_HZ])
    const spoken = rig.realtime.speeches.at(-1)?.body.input
    assert.equal(spoken, 'Sorry, one moment please. The answer is simple.')
    call.hangUp()
    await endOf(call)
  })

  it('no model at all: goodbye, and the end', async () => {
    const call = await greeted()
    faults.chat = 1000
    say(call)
    await waitForTones(call, [GREETING_HZ, GOODBYE_HZ], { whole: false, between: APOLOGY_HZ })
    await call.waitFor('ended', 20_000)
    assert.equal((await endOf(call)).end_reason, 'engine_failed')
  })

  it('no voice at all: goodbye in a voice that needs no service, and the end', async () => {
    const call = await greeted()
    rig.deepgram.speaks.at(-1)?.stall()
    faults.speaking = true
    faults.otherVoice = true
    const heardMs = call.heardMs
    say(call)
    await call.waitFor('ended', 20_000)
    const row = await endOf(call)
    assert.equal(row.end_reason, 'engine_failed')
    assert.ok(call.heardMs - heardMs > 3000, `${call.heardMs - heardMs} ms of goodbye`)
    const [turn] = await rig.eventually(
      `select heard_text from turns where call_id = $1 and speaker = 'agent' and heard_text like '%Goodbye.'`,
      [row.id]
    )
    assert.match(String(turn.heard_text), /technical problem/)
  })
})

describe('what the caller hears where the realtime engine is lost', { timeout: 300_000 }, () => {
  let rig: CallRig
  let refused = false

  before(async () => {
    rig = await startCallRig({
      deepgram: { transcribe: () => 'What is it?', voice: toneOf },
      realtime: {
        refuse: () => (refused ? 503 : null),
        script: ({ instructions }) => ({
          transcript: instructions?.match(/"([^"]+)"/)?.[1] ?? 'I see.',
          audio: { toneHz: OTHER_VOICE_HZ, ms: 800 }
        }),
        transcribe: () => 'My name is Ada.',
        chat: () => ({ text: 'The answer is simple.' })
      }
    })
    await operatorOf(rig.server)('PUT', '/api/agents/default', { greeting: 'Hello there.' })
  })
  after(() => rig.close())
  beforeEach(() => {
    refused = false
  })

  async function conversing(): Promise<TelnyxCall> {
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(700, 10_000)
    await waitForTones(call, [OTHER_VOICE_HZ])
    call.say(speechLike({ sampleRate: 8000, ms: 700 }))
    await call.waitForHeard(1500, 10_000)
    await waitForTones(call, [OTHER_VOICE_HZ])
    return call
  }

  it('and comes back: the same voice, which knows the call and asks for what it missed', async () => {
    const call = await conversing()
    const heardMs = call.heardMs
    rig.realtime.sessions.at(-1)?.terminate()
    await call.waitForHeard(heardMs + 700, 10_000)
    const session = rig.realtime.sessions.at(-1)
    const told = session?.eventsOf('conversation.item.create').map(({ item }) => JSON.stringify(item))
    assert.match(String(told), /Caller: My name is Ada\./)
    call.hangUp()
    await rig.eventually('select 1 from calls where carrier_call_id = $1 and ended_at is not null', [
      call.callControlId
    ])
  })

  it('and stays away: the cascade goes on with the conversation', async () => {
    const call = await conversing()
    refused = true
    rig.realtime.sessions.at(-1)?.terminate()
    await waitForTones(call, [OTHER_VOICE_HZ, APOLOGY_HZ])
    call.say(speechLike({ sampleRate: 8000, ms: 1000 }))
    await waitForTones(call, [OTHER_VOICE_HZ, APOLOGY_HZ, ANSWER_HZ])
    const { messages } = rig.realtime.chats.at(-1)!.body
    const contents = messages.map(({ role, content }) => `${role}: ${content}`)
    assert.ok(contents.includes('user: My name is Ada.'), contents.join('\n'))
    assert.ok(contents.includes('assistant: I see.'), contents.join('\n'))
    call.hangUp()
    await rig.eventually('select 1 from calls where carrier_call_id = $1 and ended_at is not null', [
      call.callControlId
    ])
  })

  it('from the start: the cascade greets', async () => {
    refused = true
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(200, 10_000)
    await waitForTones(call, [GREETING_HZ])
    call.hangUp()
    await rig.eventually(
      `select 1 from calls where carrier_call_id = $1 and ended_at is not null and engine = 'cascade'`,
      [call.callControlId]
    )
  })
})

function isStart({ message }: { message: Record<string, unknown> }): boolean {
  return message.event === 'StartOfTurn'
}
