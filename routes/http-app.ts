import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'

/** A request that takes longer than this to arrive is not one of ours. */
const REQUEST_TIMEOUT_MS = 20_000
const BODY_LIMIT_BYTES = 256 * 1024

/** An HTTP server without routes yet, bounded in what it takes. */
export function createHttpApp({ trustProxy }: { trustProxy: boolean }, log: Logger): FastifyInstance {
  return Fastify({
    // Its own lines say less than ours; its warnings are kept.
    loggerInstance: log.child(
      {},
      { level: log.isLevelEnabled('warn') ? 'warn' : log.level }
    ) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true
  })
}
