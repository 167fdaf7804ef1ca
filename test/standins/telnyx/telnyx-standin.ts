import { EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { TelnyxAccount } from './account-api.ts'
import type { CommandBody } from './command-validator.ts'
import { type DialledParty, ringParty } from './dialled-party.ts'
import { PacketTicker } from './packet-ticker.ts'
import { createRestApi, type Outage, type RecordedRequest } from './rest-api.ts'
import { type CallBehaviour, TelnyxCall } from './telnyx-call.ts'
import * as refusal from './telnyx-error.ts'
import { Waiters } from './waiters.ts'
import {
  createSigningKeys,
  type WebhookBehaviour,
  type WebhookDelivery,
  type WebhookPayload,
  WebhookSender,
  type WebhookSignature
} from './webhook-sender.ts'

export interface TelnyxStandInOptions {
  /** Default: one the system picks. */
  readonly port?: number
  readonly apiKey?: string
  /** The Call Control application, `connection_id` of its calls. */
  readonly applicationId?: string
  /** 32 bytes, for keys that stay the same from run to run. */
  readonly keySeed?: Uint8Array
  /** Where webhooks go; may be set later by `webhookUrl`. */
  readonly webhookUrl?: string
  readonly webhooks?: WebhookBehaviour
  /** For every call; `placeCall` may say otherwise for one. */
  readonly calls?: CallBehaviour
  /** What becomes of the server's own calls, by number, also of those that it transfers to. Default: answered after 50 ms. */
  readonly dialled?: DialledParty | ((to: string) => DialledParty)
  /** Latency of every REST reply. Default 0. */
  readonly replyDelayMs?: number
  /** What the account has, for who asks. */
  readonly account?: TelnyxAccount
  /** Further routes on the same port. */
  readonly routes?: (app: FastifyInstance) => void
}

export interface PlacedCall extends CallBehaviour {
  /** E.164. */
  readonly from?: string
  readonly to?: string
}

export type TelnyxStandInEvents = {
  call: [call: TelnyxCall]
  /** A request has been answered. */
  request: [request: RecordedRequest]
  /** An attempt to deliver a webhook has ended. */
  webhook: [delivery: WebhookDelivery]
}

const E164 = /^\+[1-9]\d{6,14}$/

/** Telnyx on a loopback port: REST API, signed webhooks, media streams, and the callers behind them. */
export class TelnyxStandIn extends EventEmitter<TelnyxStandInEvents> {
  readonly apiKey: string
  readonly applicationId: string
  /** Base64 of 32 bytes: what TELNYX_PUBLIC_KEY is. */
  readonly publicKey: string
  webhookUrl: string
  /** Every REST request, in the order in which they came. */
  readonly requests: RecordedRequest[] = []
  readonly calls: TelnyxCall[] = []
  readonly #options: TelnyxStandInOptions
  readonly #ticker = new PacketTicker()
  readonly #webhooks: WebhookSender
  readonly #app: FastifyInstance
  readonly #outages: Outage[] = []
  readonly #dialledBy = new Map<string, TelnyxCall>()
  readonly #waiters = new Waiters(() => `Requests so far: ${this.#story()}`)
  #baseUrl = ''

  constructor(options: TelnyxStandInOptions = {}) {
    super()
    const keys = createSigningKeys(options.keySeed)
    this.#options = options
    this.apiKey = options.apiKey ?? 'KEY_STANDIN'
    this.applicationId = options.applicationId ?? '1494404757140276705'
    this.publicKey = keys.publicKey
    this.webhookUrl = options.webhookUrl ?? ''
    this.#webhooks = new WebhookSender({
      keys,
      behaviour: options.webhooks ?? {},
      onAttempt: (delivery) => {
        this.emit('webhook', delivery)
        this.#waiters.check()
      }
    })
    this.#app = createRestApi({
      apiKey: this.apiKey,
      applicationId: this.applicationId,
      account: options.account ?? {},
      webhookUrl: () => this.webhookUrl,
      replyDelayMs: options.replyDelayMs ?? 0,
      findCall: (id) => this.calls.find((call) => call.callControlId === id),
      dial: (body) => this.#dial(body),
      nextOutage: () => this.#outages.shift(),
      onRequest: (request) => this.requests.push(request),
      onReply: (request) => {
        this.emit('request', request)
        this.#waiters.check()
      }
    })
    options.routes?.(this.#app)
  }

  /** What TELNYX_BASE_URL is; the SDK appends `/calls`. */
  get baseUrl(): string {
    return this.#baseUrl
  }

  get deliveries(): readonly WebhookDelivery[] {
    return this.#webhooks.deliveries
  }

  async listen(): Promise<void> {
    await this.#app.listen({ host: '127.0.0.1', port: this.#options.port ?? 0 })
    this.#baseUrl = `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}/v2`
  }

  /** Somebody calls the number of the server. */
  placeCall(placed: PlacedCall = {}): TelnyxCall {
    const { from = '+13125550100', to = '+13125550199', ...behaviour } = placed
    const call = this.#newCall('incoming', from, to, this.webhookUrl, behaviour)
    call.ring()
    return call
  }

  /** Sends an event by hand, also a forged one. */
  sendWebhook(
    eventType: string,
    payload: WebhookPayload,
    options: { sign?: WebhookSignature } = {}
  ): WebhookDelivery {
    return this.#webhooks.send(this.webhookUrl, eventType, payload, options.sign)
  }

  /** Resolves when every webhook sent so far has been delivered or given up. */
  webhooksSettled(): Promise<void> {
    return this.#webhooks.settled()
  }

  /** The next `n` requests are answered 429. */
  rateLimitNext(n: number): void {
    for (let i = 0; i < n; i++)
      this.#outages.push({ error: () => refusal.tooManyRequests(200), applied: false })
  }

  /** The next `n` requests are answered with this 5xx; `applied` where the command takes effect and its reply is lost. */
  failNext(n: number, status = 500, options: { applied?: boolean } = {}): void {
    const { applied = false } = options
    for (let i = 0; i < n; i++) this.#outages.push({ error: () => refusal.unexpectedError(status), applied })
  }

  /** The next request is refused with this. */
  refuseNext(error: refusal.TelnyxError): void {
    this.#outages.push({ error: () => error, applied: false })
  }

  /** Resolves with the first request of this command, at once if it has been answered. */
  waitForRequest(command: string, timeoutMs = 15_000): Promise<RecordedRequest> {
    const found = () => this.requests.find((request) => request.command === command && request.status > 0)
    return this.until(found, `a '${command}' command`, timeoutMs)
  }

  /** Resolves with the first call that the server dialled, at once if it has been. */
  waitForDial(timeoutMs = 15_000): Promise<TelnyxCall> {
    const found = () => this.calls.find((call) => call.options.direction === 'outgoing')
    return this.until(found, 'a dialled call', timeoutMs)
  }

  /** Resolves with the first true value of `condition`, which is asked at every reply and every delivered webhook. */
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

  #newCall(
    direction: 'incoming' | 'outgoing',
    from: string,
    to: string,
    webhookUrl: string,
    behaviour: CallBehaviour = {},
    leg: { callSessionId?: string } = {}
  ): TelnyxCall {
    const call = new TelnyxCall({
      ...leg,
      transfer: (transferred, body) => this.#transfer(transferred, webhookUrl, body),
      direction,
      from,
      to,
      connectionId: this.applicationId,
      behaviour: { ...this.#options.calls, ...behaviour },
      ticker: this.#ticker,
      sendWebhook: (eventType, payload) => this.#webhooks.send(webhookUrl, eventType, payload)
    })
    this.calls.push(call)
    this.emit('call', call)
    return call
  }

  /** The server calls somebody. The same `command_id` dials once. */
  #dial(body: CommandBody): TelnyxCall {
    const earlier = typeof body.command_id === 'string' ? this.#dialledBy.get(body.command_id) : undefined
    if (earlier) return earlier
    const to = String(Array.isArray(body.to) ? body.to[0] : body.to)
    const from = String(body.from)
    if (body.connection_id !== this.applicationId) throw refusal.invalidConnectionId()
    if (!E164.test(to) && !to.startsWith('sip:')) throw refusal.notE164('to')
    if (!E164.test(from)) throw refusal.notE164('from')
    const webhookUrl = typeof body.webhook_url === 'string' ? body.webhook_url : this.webhookUrl
    const call = this.#newCall('outgoing', from, to, webhookUrl)
    call.remember(body)
    if (typeof body.command_id === 'string') this.#dialledBy.set(body.command_id, call)
    ringParty(call, this.#partyOf(to), () => call.pickUp(body))
    return call
  }

  /** A leg to somebody else, for the caller of this one; they are connected as soon as it is answered. */
  #transfer(transferred: TelnyxCall, webhookUrl: string, body: CommandBody): void {
    const to = String(body.to)
    if (!E164.test(to) && !to.startsWith('sip:')) throw refusal.notE164('to')
    const from = String(body.from ?? transferred.options.from)
    const { callSessionId } = transferred
    const leg = this.#newCall('outgoing', from, to, webhookUrl, {}, { callSessionId })
    leg.remember({ client_state: body.target_leg_client_state })
    ringParty(leg, this.#partyOf(to), () => {
      leg.pickUp()
      if (transferred.state === 'ended') return
      leg.bridge()
      transferred.bridge()
    })
  }

  #partyOf(to: string): DialledParty | undefined {
    const { dialled } = this.#options
    return typeof dialled === 'function' ? dialled(to) : dialled
  }

  #story(): string {
    return this.requests.map(({ command, path, status }) => `${command ?? path} ${status}`).join(', ')
  }
}

export async function startTelnyxStandIn(options: TelnyxStandInOptions = {}): Promise<TelnyxStandIn> {
  const standIn = new TelnyxStandIn(options)
  await standIn.listen()
  return standIn
}
