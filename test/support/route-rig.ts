import { randomUUID, sign } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import { type Logger, pino } from 'pino'
import { WebSocket } from 'ws'
import { PCMU_8K } from '../../audio/format.ts'
import { routes } from '../../routes/index.ts'
import { LiveAudio } from '../../routes/live-audio.ts'
import { LiveLevels } from '../../routes/live-levels.ts'
import { createOperatorAuth } from '../../routes/operator-auth.ts'
import type { RouteOptions } from '../../routes/route-options.ts'
import { createAddressGuard } from '../../services/address-guard.ts'
import { AgentRules } from '../../services/agent-rules.ts'
import { createTelnyxMedia, createTwilioMedia } from '../../services/carriers/media.ts'
import { dialRefusal } from '../../services/carriers/telnyx/telnyx-refusals.ts'
import { createTelnyxWebhooks } from '../../services/carriers/telnyx/telnyx-webhooks.ts'
import { TwilioCarrier } from '../../services/carriers/twilio/twilio-carrier.ts'
import { createTwilioSignatures } from '../../services/carriers/twilio/twilio-signature.ts'
import { createMediaTokens } from '../../services/media-token.ts'
import { createMetrics } from '../../services/metrics.ts'
import { createOutboundGuard } from '../../services/outbound-guard.ts'
import { DirectSocket } from '../../services/sockets/direct-socket.ts'
import { ArgumentCheck } from '../../services/tools/argument-check.ts'
import { AnsweringMachines } from '../../sessions/answering-machine.ts'
import { CallControl } from '../../sessions/call-control.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallOperations } from '../../sessions/call-operations.ts'
import { CallRegistry } from '../../sessions/call-registry.ts'
import type {
  CallEventListener,
  CallEvents,
  PublishedCallEvent
} from '../../sessions/contracts/call-events.ts'
import type { Carrier } from '../../sessions/contracts/carrier.ts'
import { Transfers } from '../../sessions/transfers.ts'
import { createSigningKeys, type SigningKeys } from '../standins/telnyx/webhook-sender.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { testProfile } from './session-rig.ts'

/** What the rig is configured with. */
export const TWILIO = {
  accountSid: `AC${'5'.repeat(32)}`,
  authToken: 'auth-token-of-the-tests',
  webhooksUrl: 'https://example.com/api/calls/twilio'
}

export const OPERATOR_TOKEN = 'operator-token-of-the-tests'

export interface RouteRigOptions {
  /** Whether Telnyx is configured. Default true. */
  readonly telnyx?: boolean
  /** Whether Twilio is configured. Default true. */
  readonly twilio?: boolean
  /** Of Twilio's API. Default: none that answers. */
  readonly twilioBaseUrl?: string
  /** Default: one that takes everything. */
  readonly carrier?: Carrier
  readonly log?: Logger
  readonly maxConcurrentCalls?: number
  readonly maxCallsPerDay?: number
  readonly storeReady?: RouteOptions['storeReady']
  readonly storeHealth?: RouteOptions['storeHealth']
  readonly storeCaughtUp?: RouteOptions['storeCaughtUp']
  readonly calls?: Partial<RouteOptions['calls']>
  readonly agents?: Partial<RouteOptions['agents']>
  readonly agentVersions?: Partial<RouteOptions['agentVersions']>
  readonly report?: Partial<RouteOptions['report']>
  readonly tapes?: Partial<RouteOptions['tapes']>
  readonly examine?: RouteOptions['examine']
  readonly products?: Partial<RouteOptions['products']>
  readonly usage?: Partial<RouteOptions['usage']>
  readonly followUp?: Partial<RouteOptions['followUp']>
}

/** A carrier that takes every command, and remembers them. */
export class ObedientCarrier implements Carrier {
  readonly name = 'telnyx'
  readonly streamFormat = PCMU_8K
  readonly commands: string[] = []

  async answer(id: string): Promise<void> {
    this.commands.push(`answer ${id}`)
  }

  async refuse(id: string): Promise<void> {
    this.commands.push(`refuse ${id}`)
  }

  async startStream(id: string, stream: { url: string }) {
    this.commands.push(`startStream ${id}`)
    return { streamUrl: stream.url, parameters: {} }
  }

  async dial({ callId }: { callId: string }) {
    this.commands.push('dial')
    return { carrierCallId: `v3:${callId}`, stream: null }
  }

  async dialAnswered(id: string): Promise<void> {
    this.commands.push(`dialAnswered ${id}`)
  }

  async transfer(id: string, to: string): Promise<void> {
    this.commands.push(`transfer ${id} ${to}`)
  }

  async sendDtmf(id: string, digits: string): Promise<void> {
    this.commands.push(`sendDtmf ${id} ${digits}`)
  }

  async hangUp(id: string): Promise<void> {
    this.commands.push(`hangUp ${id}`)
  }
}

export type RouteRig = Awaited<ReturnType<typeof startRouteRig>>

/** The real routes on a loopback port, over a real registry, with scripted engines and a manual clock behind them. */
export async function startRouteRig(options: RouteRigOptions = {}) {
  const clock = new ManualClock()
  const log = options.log ?? pino({ level: 'silent' })
  const engines: ScriptedEngine[] = []
  const published: PublishedCallEvent[] = []
  const carrier = new ObedientCarrier()
  const keys = createSigningKeys()
  const bus = createCallEvents({ now: () => clock.now(), onListenerError: () => {} })
  const subscribers = new Set<CallEventListener>()
  const events: CallEvents = {
    publish: bus.publish,
    subscribe(listener, hears) {
      const unsubscribe = bus.subscribe(listener, hears)
      subscribers.add(listener)
      return () => {
        subscribers.delete(listener)
        unsubscribe()
      }
    }
  }
  events.subscribe((event) => published.push(event))
  const registry = new CallRegistry({ maxConcurrentCalls: options.maxConcurrentCalls ?? 100, clock })
  const tokens = createMediaTokens({ secret: 'secret-of-the-tests', now: () => clock.now(), claim: null })
  const metrics = createMetrics({
    events,
    liveCalls: () => registry.size,
    frames: () => registry.frames,
    store: () => ({ pending: 0, diskRefusals: 0 }),
    clock
  })
  const control = new CallControl({
    registry,
    events,
    clock,
    log,
    maxCallMs: 3_600_000,
    onAddedLatency: () => {},
    openTape: null,
    agentForNumber: async () => testProfile,
    createEngine: () => {
      const engine = new ScriptedEngine()
      engines.push(engine)
      return engine
    },
    createTools: () => ({ tools: [], later: null }),
    mintStream: ({ carrier, callId, carrierCallId }) => ({
      url:
        carrier === 'twilio'
          ? `wss://example.com/ws/twilio/${callId}`
          : `wss://example.com/media-stream-ws?call_id=${encodeURIComponent(carrierCallId)}`,
      token: tokens.mint(carrierCallId)
    })
  })
  const transfers = new Transfers({ clock, events })
  const outbound = createOutboundGuard({
    countries: null,
    maxCallsPerDay: options.maxCallsPerDay ?? 100,
    countOutbound: async () => 0,
    now: () => clock.now()
  })
  const { checkNumber } = outbound
  const twilio = new TwilioCarrier({ ...TWILIO, baseUrl: options.twilioBaseUrl ?? 'http://127.0.0.1:9' })
  const carriers = { telnyx: options.carrier ?? carrier, twilio }
  const operations = new CallOperations({ registry, control, transfers, carriers, checkNumber })
  const createMedia = createTelnyxMedia({ clock, l16ByteOrder: 'auto', idleTimeoutMs: 30_000 })
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true })
  })
  const doors: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) doors.push(`${each} ${url}`)
  })
  await app.register(routes, {
    control,
    operations,
    transfers,
    machines: new AnsweringMachines({ registry, clock }),
    outbound,
    registry,
    events,
    replicas: null,
    liveAudio: new LiveAudio({ registry, events, now: () => clock.now() }),
    levels: new LiveLevels({ registry, events, clock }),
    speak: async (text) => new Int16Array(text.length),
    metrics,
    tokens,
    guard: createAddressGuard(),
    auth: createOperatorAuth(OPERATOR_TOKEN),
    calls: {
      listCalls: async () => [],
      findCall: async () => null,
      findCallRow: options.calls?.findCall ?? (async () => null),
      ...options.calls
    } as unknown as RouteOptions['calls'],
    storeReady: options.storeReady ?? (async () => true),
    storeHealth: options.storeHealth ?? (() => ({ state: 'ok', pending: 0, diskRefusals: 0 })),
    storeCaughtUp: options.storeCaughtUp ?? (async () => true),
    agents: { ...options.agents } as unknown as RouteOptions['agents'],
    agentRules: new AgentRules({ check: new ArgumentCheck(), defaultEngine: 'local', openaiVoices: true }),
    newAgent: testProfile,
    agentVersions: { ...options.agentVersions } as unknown as RouteOptions['agentVersions'],
    report: { ...options.report } as unknown as RouteOptions['report'],
    tapes: { read: async () => null, ...options.tapes },
    replicaId: 'rig:1',
    examine: options.examine ?? (async () => []),
    products: { ...options.products } as unknown as RouteOptions['products'],
    usage: { ...options.usage } as unknown as RouteOptions['usage'],
    followUp: {
      replay: null,
      agentFault: () => null,
      ...options.followUp
    } as unknown as RouteOptions['followUp'],
    agentById: async (id: string) => (id === testProfile.id ? testProfile : null),
    directSocket: (socket, raw) => new DirectSocket(socket, raw),
    attachMedia: (socket, held) => createMedia(socket, held.streamFormat),
    attachTwilioMedia: (socket, _held, admit) =>
      createTwilioMedia({ clock, idleTimeoutMs: 30_000 })(socket, admit),
    twilio:
      options.twilio === false
        ? null
        : {
            carrier: twilio,
            signatures: createTwilioSignatures({ ...TWILIO, publicUrl: new URL('https://example.com') })
          },
    telnyx:
      options.telnyx === false
        ? null
        : {
            carrier: options.carrier ?? carrier,
            webhooks: createTelnyxWebhooks({ publicKey: keys.publicKey, apiKey: 'KEY' }),
            explainRefusal: dialRefusal
          },
    mediaOrigin: null,
    now: () => clock.now()
  } satisfies RouteOptions)
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')
  const sockets: WebSocket[] = []

  /** A webhook as Telnyx sends it. */
  function webhook(
    type: string,
    payload: Record<string, unknown>,
    signature: { ageSeconds?: number; signedBy?: SigningKeys } = {}
  ) {
    const occurredAt = new Date().toISOString()
    const event = {
      record_type: 'event',
      event_type: type,
      id: randomUUID(),
      occurred_at: occurredAt,
      payload
    }
    return signed(JSON.stringify({ data: event }), signature)
  }

  function signed(body: string, { ageSeconds = 0, signedBy = keys } = {}) {
    const timestamp = String(Math.floor(Date.now() / 1000) - ageSeconds)
    const signature = sign(null, Buffer.from(`${timestamp}|${body}`), signedBy.privateKey)
    const headers = {
      'content-type': 'application/json',
      'telnyx-signature-ed25519': signature.toString('base64'),
      'telnyx-timestamp': timestamp
    }
    return { method: 'POST' as const, url: '/api/calls/telnyx/webhook', headers, body }
  }

  /** A socket to this path. */
  function connect(path: string, headers: Record<string, string> = {}): WebSocket {
    const socket = new WebSocket(`${origin}${path}`, { headers })
    sockets.push(socket)
    return socket
  }

  /** The status that the upgrade is answered with: 101 where it succeeds. */
  function upgradeStatus(path: string, headers: Record<string, string> = {}): Promise<number> {
    const socket = connect(path, headers)
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(101))
      socket.on('unexpected-response', (_request, response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      socket.on('error', reject)
    })
  }

  /** A test call that waits for its media socket. */
  function openCall() {
    const call = control.openTestCall({ profile: testProfile, format: PCMU_8K })
    const engine = engines.at(-1) as ScriptedEngine
    const path = (token: string) => `/media-stream-ws?call_id=${call.callId}&token=${token}`
    return { call, engine, path, session: registry.find(call.callId)?.session }
  }

  function endReasonOf(callId: string): string | null {
    const ended = published.find(({ call, event }) => call.callId === callId && event.type === 'call.ended')
    return ended?.event.type === 'call.ended' ? ended.event.reason : null
  }

  async function close(): Promise<void> {
    for (const socket of sockets) socket.terminate()
    await Promise.all(registry.sessions.map((session) => session.end('caller_hung_up')))
    await app.close()
    metrics.close()
  }

  return {
    app,
    /** Every route, as `GET /path/:parameter`. */
    doors,
    clock,
    engines,
    published,
    events,
    subscribers,
    registry,
    tokens,
    control,
    carrier,
    metrics,
    webhook,
    signed,
    connect,
    upgradeStatus,
    openCall,
    endReasonOf,
    close
  }
}
