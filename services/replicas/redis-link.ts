import type { Logger } from 'pino'

/** Everything of ours in a Redis that others may use, too. */
const PREFIX = 'offhook:'
/** A media socket waits for this: Redis answers within a millisecond, or is not to be waited for. */
const COMMAND_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2000
const LONGEST_RETRY_MS = 2000

/** The Redis that the replicas of one installation share. Every method rejects where it does not answer in time. */
export interface RedisLink {
  /** Takes a key for this long: false where somebody has it already. */
  claim(key: string, lifetimeMs: number): Promise<boolean>
  /** Writes the same value under each of these keys, for this long. */
  write(keys: readonly string[], value: string, lifetimeMs: number): Promise<void>
  read(key: string): Promise<string | null>
  /** Resolves with how many listen to that channel. */
  publish(channel: string, text: string): Promise<number>
  /** Hears of these channels from now on, also after an outage. */
  subscribe(channels: readonly string[], listener: (text: string) => void): Promise<void>
  close(): Promise<void>
}

/**
 * Connects, and keeps trying where Redis is out of reach: then every command rejects at once, and the log says so, once
 * an outage. Never rejects.
 */
export async function openRedisLink({ url, log }: { url: string; log: Logger }): Promise<RedisLink> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_RETRY_MS)
  })
  logOutages(client, log)
  await client.connect().catch(() => undefined)
  // One that has subscribed takes no other command; it subscribes again by itself.
  const subscriber = client.duplicate({
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined
  })
  subscriber.on('error', () => undefined)

  async function ask<T>(command: Promise<T>): Promise<T> {
    try {
      return await command
    } catch (error) {
      const { name, code = name } = error as NodeJS.ErrnoException
      log.warn({ event: 'redis.command_failed', code }, 'Redis did not answer')
      throw error
    }
  }
  const own = (key: string) => `${PREFIX}${key}`
  return {
    claim: async (key, lifetimeMs) => (await ask(client.set(own(key), '1', 'PX', lifetimeMs, 'NX'))) === 'OK',
    write: async (keys, value, lifetimeMs) => {
      await Promise.all(keys.map((key) => ask(client.set(own(key), value, 'PX', lifetimeMs))))
    },
    read: (key) => ask(client.get(own(key))),
    publish: (channel, text) => ask(client.publish(own(channel), text)),
    subscribe: async (channels, listener) => {
      subscriber.on('message', (_channel: string, text: string) => listener(text))
      const subscribed = subscriber.subscribe(...channels.map(own)).catch(() => undefined)
      if (client.status === 'ready') await subscribed
    },
    close: async () => {
      client.disconnect()
      subscriber.disconnect()
    }
  }
}

function logOutages(client: import('ioredis').Redis, log: Logger): void {
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
}
