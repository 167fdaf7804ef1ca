import { pino } from 'pino'
import { openRedisLink } from '../../services/replicas/redis-link.ts'
import { type Check, fault, ok, warning } from './check.ts'

const PROBE_MS = 1000

/** Whether the Redis of several replicas is there; one replica alone wants none. */
export const redis: Check = {
  name: 'Redis',
  async run({ config }) {
    if (config.redisUrl === null) return [ok('REDIS_URL is not set: this is the only replica.')]
    const link = await openRedisLink({ url: config.redisUrl, log: pino({ level: 'silent' }) })
    try {
      await link.claim('doctor', PROBE_MS)
      if (config.operatorToken !== null) return [ok('Redis answers.')]
      return [
        warning(
          'Redis answers, but each replica makes an operator token of its own.',
          'Set OPERATOR_TOKEN, the same for all replicas.'
        )
      ]
    } catch {
      return [
        fault(
          'REDIS_URL does not work: Redis does not answer there, or refuses the password.',
          'Correct REDIS_URL, or remove it where one replica runs alone.'
        )
      ]
    } finally {
      await link.close()
    }
  }
}
