import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { sine } from '../../support/tone.ts'
import type { PacketTicker } from '../telnyx/packet-ticker.ts'
import type { Playout } from '../telnyx/playout.ts'
import type { CallMoment, MomentName } from '../telnyx/telnyx-call.ts'
import { Waiters } from '../telnyx/waiters.ts'
import type { CallUpdate } from './call-params.ts'
import { type MediaBehaviour, MediaStream, SAMPLE_RATE_HZ } from './media-stream.ts'
import type { WebhookDelivery } from './signed-webhooks.ts'
import * as refusal from './twilio-error.ts'
import { parseTwiml, type Twiml } from './twiml.ts'

/** As Twilio's CallStatus has it. */
export type CallStatus =
  | 'queued'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'failed'
  | 'no-answer'
  | 'canceled'

type FinalStatus = Exclude<CallStatus, 'queued' | 'ringing' | 'in-progress'>

export interface CallOptions {
  readonly direction: 'inbound' | 'outbound-api' | 'outbound-dial'
  readonly from: string
  readonly to: string
  readonly accountSid: string
  readonly authToken: string
  readonly behaviour: MediaBehaviour
  readonly ticker: PacketTicker
  /** Asks the server what to do; null where the TwiML is known already. */
  readonly voiceUrl: string | null
  readonly statusUrl: string | null
  /** Events that the status callback is sent for; a final status is `completed`. */
  readonly statusEvents: readonly string[]
  readonly post: (url: string, params: Record<string, string>) => Promise<WebhookDelivery>
  /** Calls the other party of a `<Dial>`. */
  readonly dial: (twiml: DialTwiml, parentCallSid: string) => TwilioCall
  /** Of the call whose `<Dial>` this leg belongs to. */
  readonly parentCallSid?: string
}

export type DialTwiml = Extract<Twiml, { verb: 'dial' }>

/** How long Twilio takes to press a key. */
const DIGIT_MS = 100

/** One call at Twilio: the control leg, the caller that talks and listens, and its media stream. */
export class TwilioCall extends EventEmitter<{ moment: [moment: CallMoment] }> {
  readonly callSid = `CA${randomBytes(16).toString('hex')}`
  readonly moments: CallMoment[] = []
  readonly options: CallOptions
  status: CallStatus = 'queued'
  /** Who ended the call; null while it lives. */
  endedBy: 'caller' | 'callee' | null = null
  /** What Twilio would write into its debugger. */
  readonly warnings: string[] = []
  /** The number that the call was handed over to. */
  transferredTo: string | null = null
  /** Keys that the server has pressed. */
  pressed = ''
  /** The leg of the `<Dial>` that is being done. */
  #leg: TwilioCall | null = null
  #stream: MediaStream | null = null
  #sayLater: Int16Array[] = []
  #answeredAt: number | null = null
  #statusSequence = 0
  readonly #waiters = new Waiters(() => `The call so far: ${this.#story()}`)

  constructor(options: CallOptions) {
    super()
    this.options = options
  }

  /** Somebody calls the server: it is asked at once, while the phone rings. */
  async ring(): Promise<void> {
    this.status = 'ringing'
    this.#note('initiated')
    await this.askServer()
  }

  /** Somebody whom the server called lets it ring. */
  ringOut(): void {
    this.#note('initiated')
    this.#tellStatus('initiated', 'initiated')
    this.status = 'ringing'
    this.#tellStatus('ringing', 'ringing')
  }

  /** Somebody whom the server called picks up. */
  async pickUp(twiml: Twiml | null): Promise<void> {
    if (this.endedBy) return
    this.#answer()
    if (twiml) this.#perform(twiml)
    else await this.askServer()
  }

  /** Does what the voice webhook replies; a reply that is no TwiML ends the call. */
  async askServer(url = this.options.voiceUrl, more: Record<string, string> = {}): Promise<void> {
    if (url === null) return
    const { status, reply } = await this.options.post(url, { ...this.params(), ...more })
    if (this.endedBy) return
    try {
      if (status !== 200) throw new Error(`11200 HTTP retrieval failure: ${status}`)
      this.#perform(parseTwiml(reply))
    } catch (fault) {
      this.warnings.push(String(fault instanceof Error ? fault.message : fault))
      this.end('callee', this.#answeredAt === null ? 'failed' : 'completed')
    }
  }

  /** Carries out a REST update. Throws the TwilioError that refuses it. */
  update(update: CallUpdate): void {
    if (this.endedBy) throw refusal.notInProgress()
    if (update.kind === 'end') {
      const final = this.#answeredAt === null ? 'canceled' : 'completed'
      setImmediate(() => this.end('callee', final))
      return
    }
    if (this.#answeredAt === null) throw refusal.notInProgress()
    this.#leaveStream()
    this.#leaveLeg()
    if (update.kind === 'twiml') setImmediate(() => this.#perform(update.twiml))
    else void this.askServer(update.url)
  }

  /** The other end hangs up: the caller, or whoever the server called. */
  hangUp(): void {
    this.end('caller', this.#answeredAt === null ? 'canceled' : 'completed')
  }

  end(by: 'caller' | 'callee', status: FinalStatus): void {
    if (this.endedBy) return
    this.endedBy = by
    this.status = status
    this.#stream?.stop()
    this.#leg?.end('callee', this.#leg.status === 'in-progress' ? 'completed' : 'canceled')
    this.#tellStatus('completed', status)
    this.#note('ended', `${status} by ${by}`)
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

  /** Queues what the caller says, at 8 kHz; kept until the stream starts. */
  say(samples: Int16Array): void {
    if (this.#stream?.playout) this.#stream.voice.timeline.append(samples, this.#stream.callerPosition())
    else this.#sayLater.push(samples)
  }

  /** Queues a tone. */
  sayTone(frequencyHz: number, ms: number): void {
    this.say(sine({ frequencyHz, ms, sampleRate: SAMPLE_RATE_HZ }))
  }

  sendDtmf(digit: string): void {
    this.#stream?.sendDigit(digit)
  }

  /** The last media stream: frames by hand, pauses, a broken socket. Throws before there is one. */
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

  /** What the caller heard from the stream's start to now. */
  get heard(): Int16Array {
    return this.playout.timeline.read(0, this.playout.positionAt(this.stream.now()))
  }

  /** What the caller said from the stream's start to now. */
  get spoken(): Int16Array {
    return this.stream.voice.timeline.read(0, this.stream.callerPosition())
  }

  get heardMs(): number {
    return this.#stream?.playout?.heardMs(this.#stream.now()) ?? 0
  }

  readonly heardRateHz = SAMPLE_RATE_HZ
  readonly spokenRateHz = SAMPLE_RATE_HZ

  /** Forgets the call without a word to the server: the stand-in shuts down. */
  close(): void {
    this.endedBy ??= 'callee'
    this.#stream?.drop()
    this.#waiters.close()
  }

  /** The form fields that every webhook of this call has. */
  params(status: string = this.status): Record<string, string> {
    const { accountSid, from, to, direction } = this.options
    return {
      AccountSid: accountSid,
      ApiVersion: '2010-04-01',
      CallSid: this.callSid,
      ...(this.options.parentCallSid !== undefined && { ParentCallSid: this.options.parentCallSid }),
      CallStatus: status,
      Direction: direction,
      From: from,
      Caller: from,
      To: to,
      Called: to,
      CallerCity: 'CHICAGO',
      CallerName: "O'Brien & söhne"
    }
  }

  #perform(twiml: Twiml): void {
    if (this.endedBy) return
    if (twiml.verb === 'reject') return this.end('callee', twiml.reason === 'busy' ? 'busy' : 'no-answer')
    this.#answer()
    if (twiml.verb === 'connect') return this.#startStream(twiml.url, twiml.parameters)
    if (twiml.verb === 'hangup') return this.end('callee', 'completed')
    if (twiml.verb === 'play') return this.#press(twiml.digits, twiml.next)
    this.#dial(twiml)
  }

  #press(digits: string, next: Twiml): void {
    setTimeout(() => {
      this.pressed += digits
      this.#perform(next)
    }, digits.length * DIGIT_MS)
  }

  /** The caller hears the other party ring, and the agent no more; what comes of it, the action is asked about. */
  #dial(twiml: DialTwiml): void {
    const leg = this.options.dial(twiml, this.callSid)
    this.#leg = leg
    leg.on('moment', ({ name }) => {
      if (leg !== this.#leg) return
      if (name === 'answered') {
        this.transferredTo = twiml.to
        this.#note('transferred', twiml.to)
      }
      if (name === 'ended') void this.#afterDial(twiml, leg)
    })
  }

  /** Twilio asks also where the caller has hung up, and does nothing with the reply then. */
  async #afterDial({ action }: DialTwiml, leg: TwilioCall): Promise<void> {
    this.#leg = null
    if (action === null) return this.end('callee', 'completed')
    await this.askServer(action, { DialCallSid: leg.callSid, DialCallStatus: leg.status })
  }

  #leaveLeg(): void {
    const leg = this.#leg
    this.#leg = null
    leg?.end('callee', leg.status === 'in-progress' ? 'completed' : 'canceled')
  }

  #answer(): void {
    if (this.#answeredAt !== null) return
    this.#answeredAt = performance.now()
    this.status = 'in-progress'
    this.#note('answered')
    this.#tellStatus('answered', 'in-progress')
  }

  #startStream(url: string, customParameters: Readonly<Record<string, string>>): void {
    const { accountSid, authToken, behaviour, ticker } = this.options
    const streamSid = `MZ${randomBytes(16).toString('hex')}`
    const identity = { accountSid, callSid: this.callSid, streamSid, customParameters }
    const stream = new MediaStream({ identity, url, authToken, behaviour, ticker })
    this.#stream = stream
    stream.on('started', () => {
      for (const samples of this.#sayLater.splice(0)) this.say(samples)
      this.#note('streaming', 'PCMU/8000')
    })
    stream.on('firstAudio', (atMs) => this.#note('first-audio', `${Math.round(atMs)} ms into the stream`))
    stream.on('mark', ({ name, cleared }) => this.#note('mark', cleared ? `${name} (cleared)` : name))
    stream.on('cleared', (droppedMs) => this.#note('clear', `${Math.round(droppedMs)} ms dropped`))
    stream.on('faulted', ({ code, message }) => this.#note('media-error', `${code} ${message}`))
    stream.on('tick', () => this.#waiters.check())
    stream.on('refused', (reason) => {
      this.warnings.push(`31920 stream handshake: ${reason}`)
      this.#note('streaming-failed', reason)
      this.#afterStream(stream)
    })
    stream.on('closed', (by, code) => {
      this.#note('streaming-stopped', `by ${by}, ${code}`)
      this.#afterStream(stream)
    })
  }

  /** Nothing stands behind `<Connect>`, so without its stream the call is over. */
  #afterStream(stream: MediaStream): void {
    if (stream === this.#stream) this.end('callee', 'completed')
  }

  #leaveStream(): void {
    const stream = this.#stream
    this.#stream = null
    stream?.stop()
  }

  #tellStatus(event: string, status: string): void {
    const { statusUrl, statusEvents, post } = this.options
    if (statusUrl === null || !statusEvents.includes(event)) return
    const durationSeconds = this.#answeredAt === null ? 0 : (performance.now() - this.#answeredAt) / 1000
    const duration: Record<string, string> =
      event === 'completed' ? { CallDuration: String(Math.round(durationSeconds)) } : {}
    void post(statusUrl, {
      ...this.params(status),
      ...duration,
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(this.#statusSequence++),
      Timestamp: new Date().toUTCString()
    })
  }

  #note(name: MomentName, detail = ''): void {
    const moment = { name, at: performance.now(), detail }
    this.moments.push(moment)
    this.emit('moment', moment)
    this.#waiters.check()
  }

  #story(): string {
    const moments = this.moments.map(({ name, detail }) => (detail ? `${name} (${detail})` : name))
    return [...moments, ...this.warnings].join(', ')
  }
}
