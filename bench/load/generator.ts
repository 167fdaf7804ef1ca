/** The load: callers at Telnyx and sessions at OpenAI, in one process, so that one clock sees both ends of the relay. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { SignedWebhooks } from '../../test/standins/twilio/signed-webhooks.ts'
import { parseTwiml } from '../../test/standins/twilio/twiml.ts'
import { createProcessMeter, type ProcessSample } from '../process-meter.ts'
import { answerQuestions } from '../processes.ts'
import { type FramingName, TWILIO_ACCOUNT } from './framing.ts'
import { Front } from './front.ts'
import { LoadCall } from './load-call.ts'
import { type LegFormats, type LoadAudio, makeAudio } from './load-shape.ts'
import { LoadStats, type WindowResult } from './load-stats.ts'
import { runSoak, SoakCalls } from './soak-calls.ts'
import { Ticker } from './ticker.ts'

/** What is on its way when the load ends has this long to arrive. */
const SETTLE_STEP_MS = 50
const SETTLE_LIMIT_MS = 5000
const CONNECT_DEADLINE_MS = 10_000
/** Calls that ring while the one before them is connected. */
const RINGING = 8

/** Where calls come in: Telnyx's webhook, Twilio's two, or the media socket of a bare relay. */
export type Target =
  | { webhookUrl: string }
  | { voiceUrl: string; statusUrl: string }
  | { mediaUrl: string; framing: FramingName }

export interface LossResult {
  readonly framesSent: number
  readonly framesLost: number
  readonly wrongFrames: number
  readonly audioLostMs: number
}

const stats = new LoadStats()
const ticker = new Ticker()
const meter = createProcessMeter()
const soak = new SoakCalls()
const twilioWebhooks = new SignedWebhooks({ authToken: TWILIO_ACCOUNT.authToken, onDelivered: () => {} })
let calls: LoadCall[] = []
let target: Target | null = null
/** Sessions are opened one after the other, so that the next one to come is of the call that waits for one. */
let expecting: LoadCall | null = null

const front = new Front({
  onEngine(socket: WebSocket, raw: Socket) {
    if (!expecting) return soak.onEngine(socket)
    const call = expecting
    call.attachEngine(socket, raw)
    if (!target || !('mediaUrl' in target)) return
    // A bare relay configures nothing; it is there once it answers.
    socket.once('pong', () => call.unconfigured())
    socket.ping()
  },
  onCommand(callControlId, command, body) {
    const call = calls.find((one) => one.callId === callControlId)
    if (!call) return soak.onCommand(callControlId, command, body)
    if (command === 'answer') call.onAnswered()
    if (command === 'streaming_start') call.openCarrier(String(body.stream_url))
  }
})
const address = await front.listen()

function sendWebhook(eventType: string, call: LoadCall): void {
  if (!target || !('webhookUrl' in target)) return
  front.sendWebhook(target.webhookUrl, eventType, {
    call_control_id: call.callId,
    direction: 'incoming',
    from: '+13125550100',
    to: '+13125550199'
  })
}

/** Twilio asks what to do with a call, or tells of its end. */
function askTwilio(url: string, call: LoadCall, CallStatus: string) {
  const caller = { From: '+13125550100', To: '+13125550199', Direction: 'inbound' }
  const AccountSid = TWILIO_ACCOUNT.sid
  return twilioWebhooks.post(url, { AccountSid, CallSid: call.callId, CallStatus, ...caller })
}

/** A call at Twilio is answered by the reply to its webhook, which says where its stream is to be opened. */
async function connectTwilio(voiceUrl: string, call: LoadCall): Promise<void> {
  const { status, reply } = await askTwilio(voiceUrl, call, 'ringing')
  const twiml = status === 200 ? parseTwiml(reply) : null
  if (twiml?.verb !== 'connect') throw new Error(`A call at Twilio was not connected: ${status} ${reply}`)
  call.openCarrier(twiml.url, twiml.parameters)
}

function framingOfTarget(): FramingName {
  if (target && 'mediaUrl' in target) return target.framing
  return target && 'voiceUrl' in target ? 'twilio' : 'telnyx'
}

/** Rings, and resolves once the relay has answered; only at Telnyx there is something to answer by itself. */
async function ring(index: number, audio: LoadAudio): Promise<LoadCall> {
  const call = new LoadCall({ index, audio, stats, framing: framingOfTarget() })
  calls.push(call)
  if (!target || !('webhookUrl' in target)) return call
  sendWebhook('call.initiated', call)
  await within(call.answered, `The answer to call ${index}`)
  return call
}

/** Lets an answered call open its two legs. */
async function connect(call: LoadCall): Promise<void> {
  expecting = call
  if (target && 'mediaUrl' in target) call.openCarrier(target.mediaUrl)
  else if (target && 'voiceUrl' in target) await connectTwilio(target.voiceUrl, call)
  else sendWebhook('call.answered', call)
  await within(call.engineOpened, 'The session of a call')
  expecting = null
}

async function within(reached: Promise<void>, what: string): Promise<void> {
  const deadline = AbortSignal.timeout(CONNECT_DEADLINE_MS)
  const late = once(deadline, 'abort').then(() => Promise.reject(new Error(`${what} did not come`)))
  await Promise.race([reached, late])
}

async function settle(): Promise<void> {
  const missing = () => calls.some((call) => call.framesLost > 0 || call.audioLostMs > 0)
  for (let waitedMs = 0; missing() && waitedMs < SETTLE_LIMIT_MS; waitedMs += SETTLE_STEP_MS) {
    await sleep(SETTLE_STEP_MS)
  }
}

const questions = {
  address: (_: null) => address,
  async connect(load: { target: Target; calls: number; formats: LegFormats }): Promise<void> {
    target = load.target
    const audio = makeAudio(load.formats)
    const ringing: Promise<LoadCall>[] = []
    const live: Promise<void>[] = []
    for (let index = 0; index < load.calls; index++) {
      while (ringing.length < Math.min(RINGING, load.calls - index)) {
        const call = ring(index + ringing.length, audio)
        call.catch(() => {})
        ringing.push(call)
      }
      const call = await (ringing.shift() as Promise<LoadCall>)
      await connect(call)
      const added = within(call.live, `Call ${index}`).then(() => ticker.add(call))
      // Where a later call does not even connect, nobody waits for this one.
      added.catch(() => {})
      live.push(added)
    }
    await Promise.all(live)
  },
  begin(_: null): ProcessSample {
    stats.begin()
    return meter.sample()
  },
  end(_: null): WindowResult & { sample: ProcessSample } {
    return { ...stats.end(), sample: meter.sample() }
  },
  /** Ends the calls and tells what got lost. */
  async finish(_: null): Promise<LossResult> {
    for (const call of calls) call.endLoad()
    await settle()
    const sum = (of: (call: LoadCall) => number) => calls.reduce((total, call) => total + of(call), 0)
    const losses = {
      framesSent: sum((call) => call.framesOfLoad),
      framesLost: sum((call) => call.framesLost),
      wrongFrames: sum((call) => call.wrongFrames),
      audioLostMs: sum((call) => Math.max(0, call.audioLostMs))
    }
    ticker.clear()
    for (const call of calls) sendWebhook('call.hangup', call)
    if (target && 'voiceUrl' in target)
      for (const call of calls) void askTwilio(target.statusUrl, call, 'completed')
    await Promise.all([front.webhooksSettled(), twilioWebhooks.settled()])
    for (const call of calls) call.close()
    calls = []
    return losses
  },
  soak: (options: { webhookUrl: string; calls: number; concurrency: number; limitMs: number }) =>
    runSoak({ ...options, front, soak })
}
export type LoadQuestions = typeof questions

answerQuestions(questions, () => front.close())
