const REDIS_URL = process.env.TEST_REDIS_URL

/** Options for a suite that wants a Redis: it is skipped without TEST_REDIS_URL, and must not be where CI=true. */
export function withRedis(): { url: string; options: { skip: string | false } } {
  if (!REDIS_URL && process.env.CI === 'true')
    throw new Error('TEST_REDIS_URL is not set, and CI=true wants it')
  return { url: REDIS_URL ?? '', options: { skip: REDIS_URL ? false : 'TEST_REDIS_URL is not set' } }
}
