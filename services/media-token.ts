import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** The carrier connects within seconds of being told the address. */
export const TOKEN_LIFETIME_MS = 60_000

export type TokenRefusal = 'missing' | 'malformed' | 'forged' | 'expired' | 'used'

export interface MediaTokens {
  /** A token for one media socket of one call: `nonce.expiry.signature`, base64url. */
  mint(carrierCallId: string): string
  /** Takes the token: null the first time it is right for this call, the reason of the refusal otherwise. */
  redeem(token: string | null, carrierCallId: string): Promise<TokenRefusal | null>
}

/**
 * Media-stream tokens: HMAC-SHA-256 over the call and the expiry, good once, for 60 s. `claim` takes a token for all
 * replicas, and resolves with false where another has it; where it rejects, it is as good as alone.
 */
export function createMediaTokens(options: {
  secret: string
  now: () => number
  claim: ((key: string, lifetimeMs: number) => Promise<boolean>) | null
}): MediaTokens {
  const used = new LRUCache<string, true>({ max: 100_000, ttl: 2 * TOKEN_LIFETIME_MS })

  function sign(nonce: string, expiresAt: string, carrierCallId: string): string {
    const text = `${nonce}.${expiresAt}.${carrierCallId}`
    return createHmac('sha256', options.secret).update(text).digest('base64url')
  }

  function mint(carrierCallId: string): string {
    const nonce = randomBytes(16).toString('base64url')
    const expiresAt = String(Math.floor(options.now()) + TOKEN_LIFETIME_MS)
    return `${nonce}.${expiresAt}.${sign(nonce, expiresAt, carrierCallId)}`
  }

  async function redeem(token: string | null, carrierCallId: string): Promise<TokenRefusal | null> {
    if (!token) return 'missing'
    const [nonce, expiresAt, signature, more] = token.split('.')
    if (!nonce || !expiresAt || !signature || more !== undefined) return 'malformed'
    // As text: decoding would take a signature with stray characters for the right one.
    const given = Buffer.from(signature)
    const right = Buffer.from(sign(nonce, expiresAt, carrierCallId))
    if (given.length !== right.length || !timingSafeEqual(given, right)) return 'forged'
    if (!(Number(expiresAt) > options.now())) return 'expired'
    if (used.has(nonce)) return 'used'
    used.set(nonce, true)
    const ours = await options.claim?.(`token:${nonce}`, 2 * TOKEN_LIFETIME_MS).catch(() => true)
    return ours === false ? 'used' : null
  }

  return { mint, redeem }
}
