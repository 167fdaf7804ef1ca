import { WebSocket } from 'ws'
import type { ScriptedReply } from '../standins/openai/script.ts'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import type { CallRig, CallRigOptions } from '../support/call-rig.ts'
import { speechLike } from '../support/speech-like.ts'

/** A call worth keeping on tape. */
export interface Situation {
  readonly name: string
  readonly rig?: CallRigOptions
  /** What the model says, one after the other; the last again and again. */
  readonly replies?: readonly ScriptedReply[]
  readonly play: (call: TelnyxCall, rig: CallRig) => Promise<void>
  /** In place of a call of Telnyx's. */
  readonly instead?: (rig: CallRig) => Promise<void>
}

const HELLO_MS = 500
const hello: ScriptedReply = { transcript: 'Hello.', audio: { toneHz: 500, ms: HELLO_MS } }
const story: ScriptedReply = {
  transcript: 'Once upon a time there was a telephone that nobody ever answered.',
  audio: { toneHz: 440, ms: 4000 }
}
const short: ScriptedReply = { transcript: 'I see.', audio: { toneHz: 600, ms: 600 } }
const lookUp = [{ name: 'look_up', arguments: '{}' }]
const endCall = [{ name: 'end_call', arguments: '{}' }]

export const SITUATIONS: readonly Situation[] = [
  {
    name: 'barge-in-while-generating',
    rig: { realtime: { speed: 1.1 } },
    replies: [hello, story, short],
    play: cutTheStory
  },
  {
    name: 'barge-in-after-generating',
    rig: { realtime: { speed: 10 } },
    replies: [hello, story, short],
    play: cutTheStory
  },
  {
    name: 'barge-in-with-two-replies-queued',
    rig: { realtime: { speed: 10 } },
    replies: [hello, { ...story, audio: { toneHz: 440, ms: 2000 }, functionCalls: lookUp }, story, short],
    play: cutTheStory
  },
  {
    name: 'barge-in-during-a-tool-call',
    replies: [hello, { functionCalls: lookUp }, { ...story, delayMs: 1500 }, short],
    async play(call) {
      await askAfterGreeting(call)
      await speechOver(call, 900)
      call.sayTone(300, 600)
      await call.waitForHeard(HELLO_MS + 500, 10_000)
    }
  },
  {
    name: 'barge-in-during-the-greeting',
    replies: [story, short],
    async play(call) {
      await call.waitForHeard(700)
      call.sayTone(300, 600)
      await call.waitFor('clear')
      await call.waitForHeard(call.heardMs + 500, 10_000)
    }
  },
  {
    name: 'barge-in-during-the-goodbye',
    replies: [hello, { ...story, functionCalls: endCall }, short],
    play: cutTheStory
  },
  {
    name: 'barge-in-twice-in-a-row',
    replies: [hello, story, story, short],
    async play(call) {
      await askAfterGreeting(call)
      for (const cuts of [1, 2]) {
        await call.waitForHeard(call.heardMs + 700, 10_000)
        call.sayTone(300, 600)
        await call.until(() => call.playout.clears.length >= cuts, `clear ${cuts}`, 10_000)
        await speechOver(call, 600)
      }
      await call.waitForHeard(call.heardMs + 400, 10_000)
    }
  },
  {
    name: 'false-interruption-resumed',
    rig: { realtime: { transcribe: (utterance) => (utterance === 2 ? '' : 'tell me a story') } },
    replies: [hello, story, short],
    async play(call) {
      await cutTheStory(call)
      await call.waitForHeard(call.heardMs + 800, 10_000)
    }
  },
  { name: 'frames-out-of-order', rig: { telnyx: { calls: { reorderEvery: 7 } } }, play: converse },
  { name: 'frames-duplicated', rig: { telnyx: { calls: { duplicateEvery: 5 } } }, play: converse },
  { name: 'frames-missing', rig: { telnyx: { calls: { dropEvery: 9 } } }, play: converse },
  { name: 'frames-of-odd-size', rig: { telnyx: { calls: { packetBytes: [156, 164] } } }, play: converse },
  {
    name: 'pcma-although-pcmu-was-asked',
    rig: { telnyx: { calls: { inboundInstead: { encoding: 'PCMA', sampleRateHz: 8000 } } } },
    play: converse
  },
  {
    name: 'a-second-start',
    async play(call) {
      await call.waitForHeard(HELLO_MS)
      call.stream.sendStart()
      await converse(call)
    }
  },
  { name: 'media-before-start', rig: { telnyx: { calls: { framesBeforeStart: 5 } } }, play: converse },
  {
    name: 'media-before-the-answer-of-a-dialled-call',
    rig: { telnyx: { webhooks: { delayMs: (type) => (type === 'call.answered' ? 700 : 0) } } },
    replies: [hello, story, short],
    play: async () => {},
    instead: cutTheStoryOfADialledCall
  },
  { name: 'stop-before-start', play: async () => {}, instead: stopBeforeStart },
  {
    name: 'no-media-while-the-caller-is-silent',
    async play(call) {
      await call.waitForHeard(HELLO_MS)
      call.sayTone(300, 600)
      await speechOver(call, 500)
      call.stream.pause()
      await call.waitForHeard(HELLO_MS + 300, 10_000)
      call.stream.resume()
    }
  },
  {
    name: 'the-operator-has-the-agent-say-something',
    async play(call, { server }) {
      await call.waitForHeard(HELLO_MS)
      server.registry.find(call.callControlId)?.session?.say('One moment, please.')
      await call.waitForHeard(HELLO_MS + 500, 10_000)
    }
  },
  {
    name: 'an-engine-without-a-socket',
    rig: { env: { AGENT_ENGINE: 'local' } },
    async play(call) {
      await call.waitForHeard(800, 20_000)
      call.say(speechLike({ sampleRate: call.spokenRateHz, ms: 900 }))
      await call.waitFor('clear', 5000)
      await speechOver(call, 1500)
    }
  },
  {
    name: 'a-call-by-twilio',
    play: async () => {},
    instead: cutTheStoryAtTwilio,
    replies: [hello, story, short]
  },
  {
    name: 'media-stream-lost-and-back',
    replies: [hello, story],
    async play(call) {
      await askAfterGreeting(call)
      await call.waitForHeard(HELLO_MS + 800, 10_000)
      call.stream.drop()
      const streams = () => call.moments.filter(({ name }) => name === 'streaming').length
      await call.until(() => streams() === 2, 'the second stream', 10_000)
      await call.waitForHeard(1500, 10_000)
    }
  }
]

export const REPLIES = [hello, short]

async function converse(call: TelnyxCall): Promise<void> {
  await askAfterGreeting(call)
  await call.waitForHeard(HELLO_MS + 500, 10_000)
}

async function askAfterGreeting(call: TelnyxCall): Promise<void> {
  await call.waitForHeard(HELLO_MS)
  call.sayTone(300, 500)
}

async function cutTheStory(call: TelnyxCall): Promise<void> {
  await askAfterGreeting(call)
  await call.waitForHeard(HELLO_MS + 1000, 10_000)
  call.sayTone(300, 500)
  await call.waitFor('clear', 10_000)
  await call.waitForHeard(call.heardMs + 400, 10_000)
}

/** Waits on the call's own time: until so much more of the caller has been sent. */
async function speechOver(call: TelnyxCall, ms: number): Promise<void> {
  const until = call.spoken.length + (ms * call.spokenRateHz) / 1000
  await call.until(() => call.spoken.length >= until, `${ms} ms of the caller`, 10_000)
}

async function cutTheStoryAtTwilio({ twilio }: CallRig): Promise<void> {
  const call = twilio.placeCall()
  await call.waitForHeard(HELLO_MS, 10_000)
  call.sayTone(300, 500)
  await call.waitForHeard(HELLO_MS + 800, 10_000)
  call.sayTone(300, 500)
  await call.waitFor('clear', 10_000)
  await call.waitForHeard(call.heardMs + 300, 10_000)
  call.hangUp()
}

/** The stream is there as soon as somebody picks up, which Telnyx tells later. */
async function cutTheStoryOfADialledCall({ server, telnyx }: CallRig): Promise<void> {
  await fetch(`${server.url}/api/calls/telnyx/initiate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+13125550111', from: '+13125550122' })
  })
  const call = await telnyx.waitForDial()
  await call.waitForHeard(HELLO_MS, 10_000)
  await cutTheStory(call)
  call.hangUp()
}

async function stopBeforeStart({ server }: CallRig): Promise<void> {
  const response = await fetch(`${server.url}/api/calls/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.operatorToken}` }
  })
  const { callId, streamUrl, streamToken } = (await response.json()) as Record<string, string>
  const headers = { 'x-telnyx-streaming-auth-token': streamToken }
  const socket = new WebSocket(streamUrl, { headers })
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('{"event":"connected","version":"1.0.0"}')
  socket.send(JSON.stringify({ event: 'stop', stop: { call_control_id: callId } }))
  await new Promise((resolve) => socket.once('close', resolve))
}
