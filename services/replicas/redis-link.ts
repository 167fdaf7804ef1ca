import type { Logger } from 'pino'

/** Everything of ours in a Redis that others may use, too. */
const KEY_PREFIX = 'offhook:'
/** A media socket waits for this: Redis answers within a millisecond, or is not to be waited for. */
const COMMAND_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2000
const LONGEST_RETRY_MS = 2000

/** The Redis that the replicas of one installation share. */
export interface RedisLink {
  /** Takes a key for this long: false where somebody has it already. Rejects where Redis does not answer in time. */
  claim(key: string, lifetimeMs: number): Promise<boolean>
  close(): Promise<void>
}

/**
 * Connects, and keeps trying where Redis is out of reach: then every command rejects at once, and the log says so, once
 * an outage. Never rejects.
 */
export async function openRedisLink({ url, log }: { url: string; log: Logger }): Promise<RedisLink> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    keyPrefix: KEY_PREFIX,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_RETRY_MS)
  })
  let away = false
  client.on('error', (error: NodeJS.ErrnoException) => {
    if (away) return
    away = true
    // The code alone: a message may hold the address, and that the password.
    log.error(
      { event: 'redis.away', code: error.code ?? error.name },
      'Redis is out of reach: this replica knows of its own calls and tokens alone'
    )
  })
  client.on('ready', () => {
    if (away) log.info({ event: 'redis.back' }, 'Redis is back')
    away = false
  })
  await client.connect().catch(() => undefined)

  async function ask<T>(command: Promise<T>): Promise<T> {
    try {
      return await command
    } catch (error) {
      const { name, code = name } = error as NodeJS.ErrnoException
      log.warn({ event: 'redis.command_failed', code }, 'Redis did not answer')
      throw error
    }
  }
  return {
    claim: async (key, lifetimeMs) => (await ask(client.set(key, '1', 'PX', lifetimeMs, 'NX'))) === 'OK',
    close: async () => client.disconnect()
  }
}
