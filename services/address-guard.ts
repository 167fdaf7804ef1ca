import { RateLimiterMemory } from 'rate-limiter-flexible'

/** The 20th refused attempt in 10 s is the last one for a minute. */
const ATTEMPTS = { points: 19, duration: 10, blockDuration: 60 }

export interface AddressGuard {
  /** Whether this address has been refused too often lately. */
  blocked(address: string): Promise<boolean>
  /** Counts a refused attempt. Attempts that succeed are never counted. */
  refused(address: string): Promise<void>
}

/** Limits refused attempts by client address; attempts that succeed are not counted. */
export function createAddressGuard(): AddressGuard {
  const limiter = new RateLimiterMemory(ATTEMPTS)
  return {
    async blocked(address) {
      const state = await limiter.get(address)
      return state !== null && state.consumedPoints > ATTEMPTS.points
    },
    async refused(address) {
      await limiter.consume(address).catch(() => undefined)
    }
  }
}
