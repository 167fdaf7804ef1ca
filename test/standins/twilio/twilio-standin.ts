import { EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { PacketTicker } from '../telnyx/packet-ticker.ts'
import { Waiters } from '../telnyx/waiters.ts'
import type { CallCreation } from './call-params.ts'
import type { MediaBehaviour } from './media-stream.ts'
import { createRestApi, type RecordedRequest } from './rest-api.ts'
import { SignedWebhooks, type WebhookDelivery, type WebhookSignature } from './signed-webhooks.ts'
import { type CallOptions, type DialTwiml, TwilioCall } from './twilio-call.ts'
import * as refusal from './twilio-error.ts'

export interface TwilioStandInOptions {
  /** Default: one the system picks. */
  readonly port?: number
  readonly accountSid?: string
  readonly authToken?: string
  /** The number's voice webhook; may be set later by `voiceUrl`. */
  readonly voiceUrl?: string
  /** The number's status callback; may be set later by `statusUrl`. */
  readonly statusUrl?: string | null
  /** For every call; `placeCall` may say otherwise for one. */
  readonly calls?: MediaBehaviour
  /** Who owns a number that the server calls. Default: somebody who answers after 50 ms. */
  readonly dialled?: (to: string) => DialledParty | undefined
  /** Further routes on the same port. */
  readonly routes?: (app: FastifyInstance) => void
}

/** What becomes of a call; `ring` leaves it to the test. */
export interface DialledParty {
  readonly result: 'answer' | 'ring' | 'busy' | 'no-answer' | 'failed'
  readonly afterMs: number
  /** An answering machine picks up: when it is found out, and when its greeting ends with a beep; from the answer on. */
  readonly machine?: { readonly detectedAfterMs: number; readonly beepAfterMs: number }
}

export interface PlacedCall extends MediaBehaviour {
  /** E.164. */
  readonly from?: string
  readonly to?: string
}

export type TwilioStandInEvents = {
  call: [call: TwilioCall]
  /** A request has been answered. */
  request: [request: RecordedRequest]
  /** A webhook has been answered, or has failed. */
  webhook: [delivery: WebhookDelivery]
}

/** Twilio on a loopback port: REST API, signed webhooks, media streams, and the callers behind them. */
export class TwilioStandIn extends EventEmitter<TwilioStandInEvents> {
  readonly accountSid: string
  readonly authToken: string
  voiceUrl: string
  statusUrl: string | null
  /** Every REST request, in the order in which they came. */
  readonly requests: RecordedRequest[] = []
  readonly calls: TwilioCall[] = []
  readonly #options: TwilioStandInOptions
  readonly #ticker = new PacketTicker()
  readonly #webhooks: SignedWebhooks
  readonly #app: FastifyInstance
  readonly #outages: refusal.TwilioError[] = []
  readonly #waiters = new Waiters(() => `Requests so far: ${this.#story()}`)
  #baseUrl = ''

  constructor(options: TwilioStandInOptions = {}) {
    super()
    this.#options = options
    this.accountSid = options.accountSid ?? `AC${'5'.repeat(32)}`
    this.authToken = options.authToken ?? 'auth-token-of-the-stand-in'
    this.voiceUrl = options.voiceUrl ?? ''
    this.statusUrl = options.statusUrl ?? null
    this.#webhooks = new SignedWebhooks({
      authToken: this.authToken,
      onDelivered: (delivery) => {
        this.emit('webhook', delivery)
        this.#waiters.check()
      }
    })
    this.#app = createRestApi({
      accountSid: this.accountSid,
      authToken: this.authToken,
      voiceUrl: () => this.voiceUrl,
      calls: () => this.calls,
      dial: (creation) => this.#dial(creation),
      nextOutage: () => this.#outages.shift(),
      onRequest: (request) => this.requests.push(request),
      onReply: (request) => {
        this.emit('request', request)
        this.#waiters.check()
      }
    })
    options.routes?.(this.#app)
  }

  /** What TWILIO_BASE_URL is. */
  get baseUrl(): string {
    return this.#baseUrl
  }

  get deliveries(): readonly WebhookDelivery[] {
    return this.#webhooks.deliveries
  }

  async listen(): Promise<void> {
    await this.#app.listen({ host: '127.0.0.1', port: this.#options.port ?? 0 })
    this.#baseUrl = `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}`
  }

  /** Somebody calls the number of the server. */
  placeCall(placed: PlacedCall = {}): TwilioCall {
    const { from = '+13125550100', to = '+13125550199', ...behaviour } = placed
    const { voiceUrl, statusUrl } = this
    const call = this.#newCall({
      direction: 'inbound',
      from,
      to,
      voiceUrl,
      statusUrl,
      statusEvents: ['completed'],
      behaviour: { ...this.#options.calls, ...behaviour }
    })
    void call.ring()
    return call
  }

  /** Posts a webhook by hand, also a forged one. */
  post(
    url: string,
    params: Readonly<Record<string, string>>,
    sign: WebhookSignature = 'valid'
  ): Promise<WebhookDelivery> {
    return this.#webhooks.post(url, params, sign)
  }

  /** Resolves when every webhook sent so far has been answered or has failed. */
  webhooksSettled(): Promise<void> {
    return this.#webhooks.settled()
  }

  /** The next `n` requests are answered 429. */
  rateLimitNext(n: number): void {
    for (let i = 0; i < n; i++) this.#outages.push(refusal.tooManyRequests())
  }

  /** The next `n` requests are answered with this 5xx. */
  failNext(n: number, status = 500): void {
    for (let i = 0; i < n; i++) this.#outages.push(refusal.unexpected(status))
  }

  /** Resolves with the first call that the server dialled, at once if it has been. */
  waitForDial(timeoutMs = 15_000): Promise<TwilioCall> {
    const found = () => this.calls.find(({ options }) => options.direction === 'outbound-api')
    return this.until(found, 'a dialled call', timeoutMs)
  }

  /** Resolves with the first true value of `condition`, which is asked at every reply and every answered webhook. */
  until<T>(condition: () => T | undefined | false, what: string, timeoutMs = 15_000): Promise<T> {
    return this.#waiters.until(condition, what, timeoutMs)
  }

  /** Breaks every socket and forgets every call. */
  async close(): Promise<void> {
    for (const call of this.calls) call.close()
    this.#waiters.close()
    await this.#webhooks.close()
    await this.#app.close()
  }

  #newCall(options: Omit<CallOptions, 'accountSid' | 'authToken' | 'ticker' | 'post' | 'dial'>): TwilioCall {
    const call = new TwilioCall({
      ...options,
      accountSid: this.accountSid,
      authToken: this.authToken,
      ticker: this.#ticker,
      post: (url, params) => this.#webhooks.post(url, params),
      dial: (dialled, parentCallSid) => this.#dialLeg(dialled, parentCallSid)
    })
    this.calls.push(call)
    this.emit('call', call)
    this.#waiters.check()
    return call
  }

  /** The server calls somebody. */
  #dial({ to, from, url, twiml, statusCallback, statusEvents, machines }: CallCreation): TwilioCall {
    const call = this.#newCall({
      direction: 'outbound-api',
      from,
      to,
      voiceUrl: url,
      statusUrl: statusCallback,
      statusEvents,
      behaviour: this.#options.calls ?? {}
    })
    this.#ringParty(call, () => {
      void call.pickUp(twiml)
      if (machines) this.#tellMachine(call, machines)
    })
    return call
  }

  /** Twilio tells once: of the beginning of a machine's greeting or of its end, by what it was asked. */
  #tellMachine(call: TwilioCall, { mode, callback }: NonNullable<CallCreation['machines']>): void {
    const machine = this.#options.dialled?.(call.options.to)?.machine
    const tell = (AnsweredBy: string) => {
      if (!call.endedBy) void this.#webhooks.post(callback, { ...call.params(), AnsweredBy })
    }
    if (!machine) setTimeout(tell, 0, 'human')
    else if (mode === 'Enable') setTimeout(tell, machine.detectedAfterMs, 'machine_start')
    else setTimeout(tell, machine.beepAfterMs, 'machine_end_beep')
  }

  /** A call of the server's is to be connected with somebody else. */
  #dialLeg({ to, callerId, statusCallback, statusEvents }: DialTwiml, parentCallSid: string): TwilioCall {
    const parent = this.calls.find(({ callSid }) => callSid === parentCallSid)!
    const leg = this.#newCall({
      direction: 'outbound-dial',
      from: callerId ?? parent.options.from,
      to,
      parentCallSid,
      voiceUrl: null,
      statusUrl: statusCallback,
      statusEvents,
      behaviour: {}
    })
    this.#ringParty(leg, () => void leg.pickUp(null))
    return leg
  }

  #ringParty(call: TwilioCall, pickUp: () => void): void {
    const somebody: DialledParty = { result: 'answer', afterMs: 50 }
    const { result, afterMs } = this.#options.dialled?.(call.options.to) ?? somebody
    setImmediate(() => call.ringOut())
    if (result === 'ring') return
    setTimeout(() => {
      if (result === 'answer') pickUp()
      else call.end('caller', result)
    }, afterMs)
  }

  #story(): string {
    return this.requests.map(({ method, path, status }) => `${method} ${path} ${status}`).join(', ')
  }
}

export async function startTwilioStandIn(options: TwilioStandInOptions = {}): Promise<TwilioStandIn> {
  const standIn = new TwilioStandIn(options)
  await standIn.listen()
  return standIn
}
