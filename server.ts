import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import { routes } from './routes/index.ts'
import { createOperatorAuth } from './routes/operator-auth.ts'
import { createAddressGuard } from './services/address-guard.ts'
import { logCalls } from './services/call-log.ts'
import { createTelnyxMedia } from './services/carriers/media.ts'
import { TelnyxCarrier } from './services/carriers/telnyx/telnyx-carrier.ts'
import { createTelnyxWebhooks } from './services/carriers/telnyx/telnyx-webhooks.ts'
import { systemClock } from './services/clock.ts'
import { type Config, ConfigError, loadConfig } from './services/config.ts'
import { DEFAULT_AGENT } from './services/default-agent.ts'
import { createEngines } from './services/engines/index.ts'
import { createLogger } from './services/logger.ts'
import { createMediaTokens } from './services/media-token.ts'
import { createMetrics } from './services/metrics.ts'
import { webSocketOrigin } from './services/public-url.ts'
import { type Database, openDatabase } from './services/store/database.ts'
import { Store } from './services/store/store.ts'
import { CallControl } from './sessions/call-control.ts'
import { createCallEvents } from './sessions/call-events.ts'
import { CallRegistry } from './sessions/call-registry.ts'

/** A request that takes longer than this to arrive is not one of ours. */
const REQUEST_TIMEOUT_MS = 20_000
const BODY_LIMIT_BYTES = 256 * 1024
/** What closing takes beyond the drain, before the process is ended by force. */
const CLOSE_MARGIN_MS = 20_000
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

/** Starts everything and listens. Rejects with a message for people where it can't. */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  const clock = systemClock
  const replicaId = `${hostname()}:${config.port}`
  const events = createCallEvents({
    now: clock.now,
    onListenerError: (error, type) =>
      log.error({ event: 'listener.failed', err: error, type }, 'A listener failed')
  })
  const registry = new CallRegistry({ maxConcurrentCalls: config.maxConcurrentCalls, clock })
  const [database, engines] = await Promise.all([
    openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, log }),
    createEngines(config, { clock, log })
  ])
  const store = new Store({ database, events, clock, log, replicaId, defaultAgent: DEFAULT_AGENT })
  const metrics = createMetrics({
    events,
    liveCalls: () => registry.size,
    frames: () => registry.frames,
    storePending: () => store.recorder.pending
  })
  const stopLog = logCalls(events, log)
  const tokens = createMediaTokens({
    secret: config.streamTokenSecret ?? randomBytes(32).toString('hex'),
    now: clock.now
  })
  const mediaOrigin = originOf(config)
  const control = new CallControl({
    registry,
    events,
    clock,
    log,
    maxCallMs: config.maxCallMs,
    agentForNumber: (number) => store.agentForNumber(number),
    createEngine: engines.create,
    createTools: () => [],
    mintStream: ({ carrierCallId }) => ({
      url: `${mediaOrigin}/media-stream-ws?call_id=${encodeURIComponent(carrierCallId)}`,
      token: tokens.mint(carrierCallId)
    })
  })
  const operatorToken = config.operatorToken ?? randomBytes(24).toString('base64url')
  const app = createApp(config, log)
  const createMedia = createTelnyxMedia({
    clock,
    l16ByteOrder: config.telnyx?.l16ByteOrder ?? 'auto',
    idleTimeoutMs: config.idleTimeoutMs
  })
  await app.register(routes, {
    control,
    registry,
    events,
    metrics,
    tokens,
    guard: createAddressGuard(),
    auth: createOperatorAuth(operatorToken),
    calls: store.calls,
    agentById: async (id) => {
      const stored = await store.calls.findAgent(id).catch(() => null)
      return stored ?? (id === DEFAULT_AGENT.id ? DEFAULT_AGENT : null)
    },
    attachMedia: (socket, held) => createMedia(socket, held.streamFormat),
    telnyx: config.telnyx && {
      carrier: new TelnyxCarrier(config.telnyx),
      webhooks: createTelnyxWebhooks(config.telnyx)
    },
    mediaOrigin,
    now: clock.now
  })
  await app.listen({ port: config.port, host: config.host })

  async function close(): Promise<void> {
    log.info({ event: 'server.draining', liveCalls: registry.size, drainMs: config.drainMs }, 'Draining')
    await registry.drain(config.drainMs)
    await app.close()
    await engines.close()
    await store.close(STORE_FLUSH_MS)
    await database.close()
    metrics.close()
    stopLog()
    log.info({ event: 'server.stopped' }, 'Offhook stopped')
  }
  let stopped: Promise<void> | null = null
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  log.info(
    {
      event: 'server.started',
      port,
      publicUrl: config.publicUrl?.origin ?? null,
      mediaStreamUrl: mediaOrigin && `${mediaOrigin}/media-stream-ws`,
      engine: config.engine,
      database: database.description
    },
    'Offhook listening'
  )
  return {
    app,
    url: `http://localhost:${port}`,
    operatorToken,
    registry,
    database,
    stop: () => (stopped ??= close())
  }
}

function createApp(config: Config, log: Logger): FastifyInstance {
  return Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true
  })
}

function originOf(config: Config): string | null {
  const url = config.telnyx?.streamUrl ?? config.publicUrl
  return url && webSocketOrigin(url)
}

/** Where the command-line phone finds a token that was made at start. */
async function keepToken(config: Config, server: RunningServer): Promise<void> {
  const file = path.join(config.dataDir, 'operator-token')
  await rm(file, { force: true })
  if (config.operatorToken !== null) return
  await mkdir(config.dataDir, { recursive: true })
  await writeFile(file, server.operatorToken, { mode: 0o600 })
}

function welcome(config: Config, server: RunningServer, log: Logger): void {
  if (config.operatorToken === null)
    log.info({ event: 'console.address' }, `${server.url}/#token=${server.operatorToken}`)
  const address = server.url === 'http://localhost:5001' ? '' : `--server ${server.url} `
  log.info(
    { event: 'phone.hint' },
    `Call it from another terminal: npm run call -- ${address}--say "what are your opening hours"`
  )
  for (const name of config.unused) {
    log.warn({ event: 'config.unused', name }, `${name} is set, and this version does not use it`)
  }
}

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const isTerminal = process.stdout.isTTY === true
  const log = createLogger({ level: process.env.LOG_LEVEL || 'info', pretty: isTerminal })
  try {
    const config = loadConfig(process.env)
    const server = await startServer(config, log)
    closeWithGrace({ delay: config.drainMs + CLOSE_MARGIN_MS, logger: false }, async ({ err }) => {
      if (err) log.fatal({ event: 'server.fault', err }, 'The server failed')
      await server.stop()
    })
    await keepToken(config, server)
    welcome(config, server, log)
  } catch (error) {
    const event = error instanceof ConfigError ? 'config.invalid' : 'server.start_failed'
    const faults = error instanceof ConfigError ? { faults: error.faults } : {}
    log.fatal({ event, ...faults }, error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

if (import.meta.main) await main()
