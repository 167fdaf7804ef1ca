import { randomBytes, randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { sine } from '../../support/tone.ts'
import type { CommandBody } from './command-validator.ts'
import { type MediaBehaviour, MediaStream } from './media-stream.ts'
import type { PacketTicker } from './packet-ticker.ts'
import type { Playout } from './playout.ts'
import type { StreamIdentity } from './stream-frames.ts'
import { type LineFormat, readStreamRequest, type StreamRequest } from './stream-request.ts'
import * as refusal from './telnyx-error.ts'
import { Waiters } from './waiters.ts'
import type { WebhookPayload } from './webhook-sender.ts'

/** How one call behaves; the defaults are a good line in the Americas. */
export interface CallBehaviour extends Partial<LineFormat>, MediaBehaviour {
  /** From the `answer` command to `call.answered`. Default 0. */
  readonly answerDelayMs?: number
}

export interface CallOptions {
  readonly direction: 'incoming' | 'outgoing'
  readonly from: string
  readonly to: string
  readonly connectionId: string
  readonly behaviour: CallBehaviour
  readonly ticker: PacketTicker
  readonly sendWebhook: (eventType: string, payload: WebhookPayload) => void
  /** Of the call that this leg belongs to; default: a new one. */
  readonly callSessionId?: string
  /** Calls somebody else for the party of this call. */
  readonly transfer: (call: TelnyxCall, body: CommandBody) => void
}

export type MomentName =
  | 'initiated'
  | 'answered'
  | 'suppression'
  | 'streaming'
  | 'streaming-failed'
  | 'streaming-stopped'
  | 'first-audio'
  | 'mark'
  | 'clear'
  | 'media-error'
  | 'transferred'
  | 'ended'

/** Something that happened to a call, by performance.now. */
export interface CallMoment {
  readonly name: MomentName
  readonly at: number
  readonly detail: string
}

export interface HangupCause {
  readonly cause: string
  readonly source: 'caller' | 'callee' | 'unknown'
}

/** Telnyx ignores a command that comes again with the same id within this time. */
const COMMAND_ID_WINDOW_MS = 60_000

/** One call at Telnyx: the control leg that takes commands, the caller that talks and listens, and its media stream. */
export class TelnyxCall extends EventEmitter<{ moment: [moment: CallMoment] }> {
  readonly callControlId = `v3:${randomBytes(48).toString('base64url')}`
  readonly callLegId = randomUUID()
  readonly callSessionId: string
  readonly moments: CallMoment[] = []
  readonly options: CallOptions
  state: 'parked' | 'bridging' | 'answered' | 'ended'
  hangup: HangupCause | null = null
  noiseSuppression: string | null = null
  /** Digits that the server sent by `send_dtmf`. */
  sentDigits = ''
  /** Whether the dial asked for answering-machine detection. */
  detectsMachines = false
  #stream: MediaStream | null = null
  #clientState: string | null = null
  #sayLater: Int16Array[] = []
  readonly #startTime = new Date().toISOString()
  readonly #commandIds = new Map<string, number>()
  readonly #waiters = new Waiters(() => `The call so far: ${this.#story()}`)

  constructor(options: CallOptions) {
    super()
    this.options = options
    this.callSessionId = options.callSessionId ?? randomUUID()
    this.state = options.direction === 'incoming' ? 'parked' : 'bridging'
  }

  /** Tells the server of the call. */
  ring(): void {
    const { direction } = this.options
    this.#note('initiated')
    this.#webhook('call.initiated', {
      direction,
      state: this.state,
      start_time: this.#startTime,
      caller_id_name: this.options.from,
      calling_party_type: 'pstn',
      connection_codecs: 'PCMU,PCMA',
      offered_codecs: 'PCMU,PCMA',
      tags: []
    })
  }

  /** A dialled party picks up, or an answer takes effect. */
  pickUp(streamBody?: CommandBody): void {
    if (this.state === 'ended') return
    this.state = 'answered'
    this.#note('answered')
    this.#webhook('call.answered', { state: 'answered', start_time: this.#startTime, tags: [] })
    if (typeof streamBody?.stream_url === 'string') this.#startStream(streamBody)
  }

  /** The party is connected with that of another leg. */
  bridge(): void {
    this.#webhook('call.bridged', { state: 'bridged' })
    this.#note('transferred', this.options.to)
  }

  /** What premium answering-machine detection has found out. */
  tellMachine(step: 'detection' | 'greeting', result: string): void {
    if (this.state === 'answered') this.#webhook(`call.machine.premium.${step}.ended`, { result })
  }

  /** Carries out a validated command. Throws the TelnyxError that refuses it. */
  execute(command: string, body: CommandBody): void {
    if (this.#isRepeated(body.command_id)) return
    if (this.state === 'ended') throw refusal.callAlreadyEnded()
    this.#carryOut(command, body)
    this.remember(body)
  }

  /** Keeps what later webhooks and repeats of this command need. */
  remember({ client_state, command_id, answering_machine_detection: detection }: CommandBody): void {
    if (typeof detection === 'string') this.detectsMachines = detection !== 'disabled'
    if (typeof client_state === 'string') this.#clientState = client_state
    if (typeof command_id === 'string') this.#commandIds.set(command_id, performance.now())
  }

  /** The caller (or the called party of an outgoing call) hangs up. */
  hangUp(): void {
    const remote = this.options.direction === 'incoming' ? 'caller' : 'callee'
    const cause = this.state === 'answered' ? 'normal_clearing' : 'originator_cancel'
    this.end({ cause, source: remote })
  }

  end(hangup: HangupCause): void {
    if (this.state === 'ended') return
    this.state = 'ended'
    this.hangup = hangup
    const streaming = this.#stream?.isOpen === true
    this.#stream?.stop()
    if (streaming) this.#webhook('streaming.stopped', { stream_url: this.stream.options.request.url })
    this.#webhook('call.hangup', {
      state: 'hangup',
      start_time: this.#startTime,
      hangup_cause: hangup.cause,
      hangup_source: hangup.source,
      sip_hangup_cause: '200',
      call_quality_stats: null,
      tags: []
    })
    this.#note('ended', `${hangup.cause} by ${hangup.source}`)
  }

  /** Resolves at the first such moment, at once if it has been. */
  waitFor(name: MomentName, timeoutMs = 15_000): Promise<CallMoment> {
    return this.until(() => this.moments.find((moment) => moment.name === name), `'${name}'`, timeoutMs)
  }

  /** Resolves when the caller has heard this much of the agent altogether; silence between counts nothing. */
  async waitForHeard(ms: number, timeoutMs = ms + 15_000): Promise<void> {
    await this.until(() => this.heardMs >= ms, `${ms} ms of agent audio`, timeoutMs)
  }

  /** Resolves with the first true value of `condition`, which is asked at every moment and every packet. */
  until<T>(condition: () => T | undefined | false, what: string, timeoutMs = 15_000): Promise<T> {
    return this.#waiters.until(condition, what, timeoutMs)
  }

  /** Queues what the caller says, at the rate of the caller's leg; kept until the stream starts. */
  say(samples: Int16Array): void {
    if (this.#stream?.playout) this.#stream.voice.timeline.append(samples, this.#stream.callerPosition())
    else this.#sayLater.push(samples)
  }

  /** Queues a tone. */
  sayTone(frequencyHz: number, ms: number): void {
    this.say(sine({ frequencyHz, ms, sampleRate: this.spokenRateHz }))
  }

  sendDtmf(digit: string): void {
    this.#stream?.sendDigit(digit)
    this.#webhook('call.dtmf.received', { digit })
  }

  /** The last media stream: frames by hand, pauses, a broken socket. Throws before `streaming`. */
  get stream(): MediaStream {
    if (this.#stream === null) throw new Error('The call has no media stream yet.')
    return this.#stream
  }

  /** Messages, marks and clears of the last stream. Throws before `streaming`. */
  get playout(): Playout {
    const playout = this.stream.playout
    if (playout === null) throw new Error('The media stream has not started yet.')
    return playout
  }

  /** What the caller heard from the stream's start to now, at `heardRateHz`. */
  get heard(): Int16Array {
    return this.playout.timeline.read(0, this.playout.positionAt(this.stream.now()))
  }

  /** What the caller said from the stream's start to now, at `spokenRateHz`. */
  get spoken(): Int16Array {
    return this.stream.voice.timeline.read(0, this.stream.callerPosition())
  }

  get heardMs(): number {
    return this.#stream?.playout?.heardMs(this.#stream.now()) ?? 0
  }

  get heardRateHz(): number {
    return this.stream.options.request.outbound.sampleRateHz
  }

  get spokenRateHz(): number {
    return this.#stream?.options.request.inbound.sampleRateHz ?? 8000
  }

  /** Forgets the call without a word to the server: the stand-in shuts down. */
  close(): void {
    this.state = 'ended'
    this.#stream?.drop()
    this.#waiters.close()
  }

  #isRepeated(commandId: unknown): boolean {
    const seenAt = typeof commandId === 'string' ? this.#commandIds.get(commandId) : undefined
    return seenAt !== undefined && performance.now() - seenAt < COMMAND_ID_WINDOW_MS
  }

  #carryOut(command: string, body: CommandBody): void {
    if (command === 'answer') return this.#answer(body)
    if (command === 'reject') return this.#reject(body)
    if (command === 'hangup') return this.#hangUpByCommand()
    if (this.state !== 'answered') throw refusal.callNotAnswered()
    if (command === 'streaming_start') this.#startStream(body)
    else if (command === 'streaming_stop') this.#stream?.stop()
    else if (command === 'suppression_start') this.#suppressNoise(String(body.direction ?? 'inbound'))
    else if (command === 'suppression_stop') this.#suppressNoise(null)
    else if (command === 'send_dtmf') this.sentDigits += String(body.digits)
    else if (command === 'transfer') this.options.transfer(this, body)
  }

  #answer(body: CommandBody): void {
    if (this.options.direction !== 'incoming' || this.state !== 'parked') {
      throw refusal.unableToExecute('This call has already been answered.')
    }
    // The moment in between is a state of its own: a second answer is refused although nobody speaks yet.
    this.state = 'bridging'
    setTimeout(() => this.pickUp(body), this.options.behaviour.answerDelayMs ?? 0)
  }

  #reject(body: CommandBody): void {
    if (this.state !== 'parked') throw refusal.unableToExecute('Only a call that rings can be rejected.')
    const cause = body.cause === 'USER_BUSY' ? 'user_busy' : 'call_rejected'
    setImmediate(() => this.end({ cause, source: 'callee' }))
  }

  #hangUpByCommand(): void {
    const source = this.options.direction === 'incoming' ? 'callee' : 'caller'
    setImmediate(() => this.end({ cause: 'normal_clearing', source }))
  }

  #suppressNoise(direction: string | null): void {
    this.noiseSuppression = direction
    this.#note('suppression', direction ?? 'off')
  }

  #startStream(body: CommandBody): void {
    if (this.#stream?.isOpen) throw refusal.mediaStreamingUsed()
    const { callCodec = 'PCMU', byteOrder = 'le', inboundInstead = null } = this.options.behaviour
    const request = readStreamRequest(body, { callCodec, byteOrder, inboundInstead })
    const identity = this.#streamIdentity(body, request)
    if (request.unsupported) return this.#streamFailed(request.unsupported, identity.streamId, request)
    const { behaviour, ticker } = this.options
    this.#stream = new MediaStream({ identity, request, behaviour, ticker })
    this.#observe(this.#stream, request)
  }

  #streamIdentity(body: CommandBody, request: StreamRequest): StreamIdentity {
    return {
      streamId: randomUUID(),
      userId: this.callLegId,
      callControlId: this.callControlId,
      callSessionId: this.callSessionId,
      from: this.options.from,
      to: this.options.to,
      clientState: typeof body.client_state === 'string' ? body.client_state : this.#clientState,
      customParameters: request.customParameters
    }
  }

  #observe(stream: MediaStream, request: StreamRequest): void {
    const { encoding, sampleRateHz } = request.inbound
    stream.on('started', () => {
      for (const samples of this.#sayLater.splice(0)) this.say(samples)
      this.#webhook('streaming.started', { stream_url: request.url })
      this.#note('streaming', `${encoding}/${sampleRateHz}`)
    })
    stream.on('refused', (reason) => this.#streamFailed(reason, stream.options.identity.streamId, request))
    stream.on('firstAudio', (atMs) => this.#note('first-audio', `${Math.round(atMs)} ms into the stream`))
    stream.on('mark', ({ name, cleared }) => this.#note('mark', cleared ? `${name} (cleared)` : name))
    stream.on('cleared', (droppedMs) => this.#note('clear', `${Math.round(droppedMs)} ms dropped`))
    stream.on('faulted', ({ code, message }) => this.#note('media-error', `${code} ${message}`))
    stream.on('tick', () => this.#waiters.check())
    stream.on('closed', (by, code) => {
      if (this.state !== 'ended') this.#webhook('streaming.stopped', { stream_url: request.url })
      this.#note('streaming-stopped', `by ${by}, ${code}`)
    })
  }

  #streamFailed(reason: string, streamId: string, { url, track }: StreamRequest): void {
    this.#webhook('streaming.failed', {
      failure_reason: reason,
      stream_id: streamId,
      stream_params: { stream_url: url, track },
      stream_type: 'websocket'
    })
    this.#note('streaming-failed', reason)
  }

  #webhook(eventType: string, details: WebhookPayload): void {
    this.options.sendWebhook(eventType, {
      call_control_id: this.callControlId,
      call_leg_id: this.callLegId,
      call_session_id: this.callSessionId,
      connection_id: this.options.connectionId,
      client_state: this.#clientState,
      from: this.options.from,
      to: this.options.to,
      ...details
    })
  }

  #note(name: MomentName, detail = ''): void {
    const moment = { name, at: performance.now(), detail }
    this.moments.push(moment)
    this.emit('moment', moment)
    this.#waiters.check()
  }

  #story(): string {
    return this.moments.map(({ name, detail }) => (detail ? `${name} (${detail})` : name)).join(', ')
  }
}
