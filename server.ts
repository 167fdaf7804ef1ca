import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import path from 'node:path'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createExaminer } from './cli/doctor/examiner.ts'
import { createHttpApp } from './routes/http-app.ts'
import { routes } from './routes/index.ts'
import { LiveAudio } from './routes/live-audio.ts'
import { LiveLevels } from './routes/live-levels.ts'
import { type MonitorEndpoint, monitorPort } from './routes/monitor-port.ts'
import { createOperatorAuth } from './routes/operator-auth.ts'
import type { RouteOptions } from './routes/route-options.ts'
import { createAddressGuard } from './services/address-guard.ts'
import { createFollowUp, type FollowUp } from './services/after-call/follow-up.ts'
import { AgentRules } from './services/agent-rules.ts'
import { logCalls } from './services/call-log.ts'
import { createStreamMint } from './services/carriers/stream-mint.ts'
import { TelnyxCarrier } from './services/carriers/telnyx/telnyx-carrier.ts'
import { dialRefusal } from './services/carriers/telnyx/telnyx-refusals.ts'
import { createTelnyxWebhooks } from './services/carriers/telnyx/telnyx-webhooks.ts'
import { systemClock } from './services/clock.ts'
import { type Config, ConfigError, loadConfig } from './services/config.ts'
import { DEFAULT_AGENT } from './services/default-agent.ts'
import { createEngines, type Engines } from './services/engines/index.ts'
import { keepSecrets } from './services/kept-secrets.ts'
import { createLogger } from './services/logger.ts'
import { createMediaTokens, type MediaTokens } from './services/media-token.ts'
import { createMetrics, type Metrics } from './services/metrics.ts'
import { createOutboundGuard } from './services/outbound-guard.ts'
import { openPriceBook, type PriceBook } from './services/pricing/price-book.ts'
import { letCollectionsWait } from './services/priority.ts'
import { webSocketOrigin } from './services/public-url.ts'
import { withRecordingNotice } from './services/recording/recording-notice.ts'
import { joinReplicas, type Replicas } from './services/replicas/replicas.ts'
import { DirectSocket } from './services/sockets/direct-socket.ts'
import { type CallerVoice, createCallerVoice } from './services/speech/caller-voice.ts'
import { logStarted, welcome } from './services/start-log.ts'
import { type Database, openDatabase } from './services/store/database.ts'
import { createOperatorDesk } from './services/store/operator-desk.ts'
import { ProductStore } from './services/store/product-store.ts'
import { Store } from './services/store/store.ts'
import { createTapeRecorder, type TapeRecorder } from './services/tape/tape-recorder.ts'
import { createTapeShelf } from './services/tape/tape-shelf.ts'
import { createMediaFactory } from './services/tape/taped-media.ts'
import { ToolBox } from './services/tools/index.ts'
import { AnsweringMachines } from './sessions/answering-machine.ts'
import { CallControl } from './sessions/call-control.ts'
import { createCallEvents } from './sessions/call-events.ts'
import { CallOperations, type CallOperationsOptions } from './sessions/call-operations.ts'
import { CallRegistry } from './sessions/call-registry.ts'
import type { AgentProfile } from './sessions/contracts/agent-profile.ts'
import type { CallEvents } from './sessions/contracts/call-events.ts'
import type { Clock } from './sessions/contracts/clock.ts'
import { Transfers } from './sessions/transfers.ts'

/** What closing takes beyond the drain, before the process is ended by force; `railway.json` leaves time for both. */
export const CLOSE_MARGIN_MS = 20_000
/** Longest wait for records to reach the database at the end. */
const STORE_FLUSH_MS = 10_000

export interface RunningServer {
  readonly app: FastifyInstance
  readonly url: string
  readonly operatorToken: string
  readonly registry: CallRegistry
  readonly database: Database
  /** Refuses new calls, lets the live ones end for at most DRAIN_SECONDS, then closes everything. Idempotent. */
  stop(): Promise<void>
}

/** Starts everything and listens. Rejects with a message for people where it can't, with nothing left open. */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  const core = createCore(config, log)
  const operatorToken = config.operatorToken ?? randomBytes(24).toString('base64url')
  const backends = await openBackends(config, core, operatorToken)
  const app = createHttpApp(config, log)
  const apps = [app]
  const metrics = createMetrics({
    events: core.events,
    liveCalls: () => core.registry.size,
    frames: () => core.registry.frames,
    store: () => backends.store.health
  })
  const stopLog = logCalls(core.events, log, backends.prices)

  async function close(): Promise<void> {
    await Promise.all(apps.map((each) => each.close()))
    await backends.close()
    metrics.close()
    stopLog()
  }
  async function drainAndClose(): Promise<void> {
    const liveCalls = core.registry.size
    log.info({ event: 'server.draining', liveCalls, drainMs: config.drainMs }, 'Draining')
    await core.registry.drain(config.drainMs)
    await close()
    log.info({ event: 'server.stopped' }, 'Offhook stopped')
  }

  try {
    const twilio = await createTwilio(config)
    const options = createRouteOptions(config, core, backends, { operatorToken, metrics, twilio })
    await app.register(routes, options)
    await app.listen({ port: config.port, host: config.host })
    await listenMonitorPorts(config, log, options, apps)
  } catch (error) {
    await close()
    throw error
  }
  letCollectionsWait()
  const port = (app.server.address() as AddressInfo).port
  logStarted(config, log, { port, database: backends.database.description })
  let stopped: Promise<void> | null = null
  const stop = () => (stopped ??= drainAndClose())
  const { registry } = core
  return { app, url: `http://localhost:${port}`, operatorToken, registry, database: backends.database, stop }
}

/** WebSocket endpoints on ports of their own; `apps` gets each before it listens, so that it is closed with the rest. */
async function listenMonitorPorts(
  config: Config,
  log: Logger,
  options: RouteOptions,
  apps: FastifyInstance[]
): Promise<void> {
  for (const [endpoint, port] of Object.entries(config.monitorPorts) as [MonitorEndpoint, number | null][]) {
    if (port === null) continue
    const app = createHttpApp(config, log)
    apps.push(app)
    await app.register(monitorPort, { endpoint, options })
    await app.listen({ port, host: config.host })
    log.info({ event: 'monitor.listening', endpoint, port }, 'Monitoring port listening')
  }
}

interface Core {
  readonly clock: Clock
  readonly log: Logger
  readonly events: CallEvents
  readonly registry: CallRegistry
}

function createCore(config: Config, log: Logger): Core {
  const clock = systemClock
  const events = createCallEvents({
    now: clock.now,
    onListenerError: (error, type) =>
      log.error({ event: 'listener.failed', err: error, type }, 'A listener failed')
  })
  return { clock, log, events, registry: new CallRegistry({ ...config, clock }) }
}

interface Backends {
  readonly database: Database
  readonly store: Store
  readonly replicaId: string
  readonly prices: PriceBook
  readonly engines: Engines
  readonly tapes: TapeRecorder | null
  readonly followUp: FollowUp
  readonly callerVoice: CallerVoice
  /** null: this process is alone. */
  readonly replicas: Replicas | null
  readonly toolBox: ToolBox
  close(): Promise<void>
}

/** Opens the database and the engines beside each other: both take a second where they are embedded. */
async function openBackends(config: Config, core: Core, operatorToken: string): Promise<Backends> {
  const { clock, events, log } = core
  const { dataDir, usageRounding: rounding } = config
  // What may refuse comes before the database: nothing is to be released then.
  const prices = await openPriceBook(config)
  const tapes = config.recordTapes
    ? await createTapeRecorder({ folder: path.join(dataDir, 'tapes'), clock, events, log })
    : null
  const [opened, made] = await Promise.allSettled([
    openDatabase({ databaseUrl: config.databaseUrl, dataDir, log }),
    createEngines(config, { clock, log })
  ])
  if (opened.status === 'rejected' || made.status === 'rejected') {
    if (opened.status === 'fulfilled') await opened.value.close()
    if (made.status === 'fulfilled') await made.value.close()
    throw opened.status === 'rejected' ? opened.reason : (made as PromiseRejectedResult).reason
  }
  const [database, engines] = [opened.value, made.value]
  const replicaId = `${hostname()}:${config.port}`
  const where = { database, dataDir, replicaId, defaultAgent: DEFAULT_AGENT }
  const store = new Store({ ...core, ...where, prices, rounding })

  const followUp = await createFollowUp({
    ...core,
    config: config.records,
    dataDir,
    origin: config.publicUrl?.origin ?? null,
    operatorToken,
    pool: database.pool,
    store,
    callOf: (callId) => core.registry.recordable(callId)
  })
  const callerVoice = createCallerVoice()
  const url = config.redisUrl
  const replicas = url === null ? null : await joinReplicas({ url, log, events, clock })
  const toolBox = new ToolBox({ clock, log })

  async function close(): Promise<void> {
    await Promise.all([engines.close(), toolBox.close()])
    await callerVoice.close()
    await replicas?.close()
    await tapes?.close()
    await followUp.close(() => store.close(STORE_FLUSH_MS))
    await database.close()
  }
  return {
    database,
    store,
    prices,
    replicaId,
    engines,
    tapes,
    followUp,
    callerVoice,
    replicas,
    toolBox,
    close
  }
}

function createRouteOptions(
  config: Config,
  core: Core,
  backends: Backends,
  {
    operatorToken,
    metrics,
    twilio
  }: { operatorToken: string; metrics: Metrics; twilio: RouteOptions['twilio'] }
): RouteOptions {
  const { clock, events, registry } = core
  const { pool } = backends.database
  const { store } = backends
  const secret = config.streamTokenSecret ?? randomBytes(32).toString('hex')
  const tokens = createMediaTokens({ secret, now: clock.now, claim: backends.replicas?.link.claim ?? null })
  const telnyx = config.telnyx && {
    carrier: new TelnyxCarrier(config.telnyx),
    webhooks: createTelnyxWebhooks(config.telnyx),
    explainRefusal: dialRefusal
  }
  const carriers = { ...(telnyx && { telnyx: telnyx.carrier }), ...(twilio && { twilio: twilio.carrier }) }
  const calling = createCalling(config, core, backends, { carriers, metrics, tokens })
  const l16ByteOrder = config.telnyx?.l16ByteOrder ?? 'auto'
  const { idleTimeoutMs } = config
  const media = createMediaFactory({ clock, l16ByteOrder, idleTimeoutMs })
  return {
    ...calling,
    registry,
    events,
    replicas: backends.replicas,
    liveAudio: new LiveAudio({ registry, events, now: clock.now }),
    levels: new LiveLevels({ registry, events, clock }),
    speak: backends.callerVoice.speak,
    metrics,
    tokens,
    guard: createAddressGuard(),
    auth: createOperatorAuth(operatorToken),
    storeReady: () => store.soonReady(),
    storeHealth: () => store.health,
    storeCaughtUp: (deadlineMs) => store.recorder.flush(deadlineMs),
    calls: store.calls,
    ...createOperatorDesk(pool),
    agentRules: new AgentRules({
      check: backends.toolBox.check,
      defaultEngine: config.engine,
      openaiVoices: !config.openai?.baseUrl
    }),
    newAgent: DEFAULT_AGENT,
    followUp: backends.followUp,
    tapes: createTapeShelf(path.join(config.dataDir, 'tapes')),
    replicaId: backends.replicaId,
    examine: createExaminer({ config, operatorToken, now: clock.now }),
    agentById: (id) => findAgent(store, id, config),
    directSocket: (socket, raw) => new DirectSocket(socket, raw),
    attachMedia: media.telnyx,
    attachTwilioMedia: media.twilio,
    telnyx,
    twilio,
    mediaOrigin: config.publicUrl && webSocketOrigin(config.publicUrl),
    now: clock.now
  }
}

/** What begins, changes and ends calls. */
function createCalling(
  config: Config,
  { clock, events, log, registry }: Core,
  { database, store, engines, tapes, toolBox }: Backends,
  {
    carriers,
    metrics,
    tokens
  }: { carriers: CallOperationsOptions['carriers']; metrics: Metrics; tokens: MediaTokens }
): Pick<RouteOptions, 'control' | 'machines' | 'operations' | 'outbound' | 'transfers'> {
  const products = new ProductStore(database.pool)
  const transfers = new Transfers({ clock, events })
  const outbound = createOutboundGuard({
    countries: config.outboundCountries,
    maxCallsPerDay: config.outboundMaxCallsPerDay,
    countOutbound: (since) => store.countOutbound(since),
    now: clock.now
  })
  const control = new CallControl({
    registry,
    events,
    clock,
    log,
    maxCallMs: config.maxCallMs,
    onAddedLatency: metrics.addedLatency,
    agentForNumber: async (number) => announced(await store.agentForNumber(number), config),
    createEngine: engines.create,
    openTape: tapes && ((header) => tapes.record({ version: 1, ...header })),
    createTools: (profile) =>
      toolBox.create(profile, {
        transfer: (callId, to) => operations.connect(callId, to),
        sendDtmf: (callId, digits) => operations.sendDtmf(callId, digits),
        searchProducts: (text, limit) => products.search(text, limit)
      }),
    mintStream: createStreamMint(config, tokens)
  })
  const { checkNumber } = outbound
  const operations = new CallOperations({ registry, control, transfers, carriers, checkNumber })
  return { control, operations, transfers, outbound, machines: new AnsweringMachines({ registry, clock }) }
}

/** Its package is loaded by who uses it: that is a tenth of the heap. */
async function createTwilio({ twilio, publicUrl }: Config): Promise<RouteOptions['twilio']> {
  if (!twilio || !publicUrl) return null
  const [{ TwilioCarrier }, { createTwilioSignatures }] = await Promise.all([
    import('./services/carriers/twilio/twilio-carrier.ts'),
    import('./services/carriers/twilio/twilio-signature.ts')
  ])
  return {
    carrier: new TwilioCarrier({ ...twilio, webhooksUrl: `${publicUrl.origin}/api/calls/twilio` }),
    signatures: createTwilioSignatures({ authToken: twilio.authToken, publicUrl })
  }
}

async function findAgent(store: Store, id: string, config: Config): Promise<AgentProfile | null> {
  const profile = await store.agentById(id)
  return profile && announced(profile, config)
}

function announced(profile: AgentProfile, { records }: Config): AgentProfile {
  return withRecordingNotice(profile, records.recordCalls)
}

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const isTerminal = process.stdout.isTTY === true
  const log = createLogger({ level: process.env.LOG_LEVEL || 'info', pretty: isTerminal })
  try {
    const config = loadConfig(process.env)
    const server = await startServer(config, log)
    const forgetSecrets = await keepSecrets(config.dataDir, {
      'operator-token': config.operatorToken === null ? server.operatorToken : null,
      'database-url': server.database.embeddedUrl
    })
    closeWithGrace({ delay: config.drainMs + CLOSE_MARGIN_MS, logger: false }, async ({ err }) => {
      if (err) log.fatal({ event: 'server.fault', err }, 'The server failed')
      await server.stop()
      await forgetSecrets()
    })
    welcome(config, server, log)
  } catch (error) {
    const event = error instanceof ConfigError ? 'config.invalid' : 'server.start_failed'
    const faults = error instanceof ConfigError ? { faults: error.faults } : {}
    log.fatal({ event, ...faults }, error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

if (import.meta.main) await main()
