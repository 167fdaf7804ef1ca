import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long a link that was told leads to the recording. */
const LIFETIME_MS = 7 * 24 * 60 * 60_000

export interface RecordingLink {
  readonly url: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Makes and checks links that lead to one recording without the operator's token, until they expire. */
export interface RecordingLinks {
  /** Path and query, below the server's address. */
  make(callId: string): RecordingLink
  accepts(callId: string, expires: string, signature: string): boolean
}

/** `secret`: the same over restarts and replicas, so that links outlive them. `now`: epoch milliseconds. */
export function createRecordingLinks(options: {
  secret: string
  /** In front of each link; null where no public address is set: links are paths then. */
  origin: string | null
  now: () => number
}): RecordingLinks {
  function sign(callId: string, expires: string): Buffer {
    return createHmac('sha256', options.secret).update(`recording\n${callId}\n${expires}`).digest()
  }

  return {
    make(callId) {
      const expiresAt = Math.ceil((options.now() + LIFETIME_MS) / 1000) * 1000
      const expires = String(expiresAt / 1000)
      const query = new URLSearchParams({ expires, signature: sign(callId, expires).toString('base64url') })
      return { url: `${options.origin ?? ''}/api/calls/${callId}/recording?${query}`, expiresAt }
    },
    accepts(callId, expires, signature) {
      if (!(Number(expires) * 1000 > options.now())) return false
      const right = sign(callId, expires)
      const given = Buffer.from(signature, 'base64url')
      return given.byteLength === right.byteLength && timingSafeEqual(given, right)
    }
  }
}
