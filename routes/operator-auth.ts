import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { HttpError } from './http-error.ts'

export interface OperatorAuth {
  /** Whether this is the operator's token; takes the same time for any wrong one. */
  accepts(token: string | null): boolean
  /** What `require` lets through, for requests of our own. */
  readonly header: string
  /** @throws HttpError 401 unless the request carries `Authorization: Bearer` with the operator's token. */
  require(request: FastifyRequest): Promise<void>
}

export function createOperatorAuth(operatorToken: string): OperatorAuth {
  const right = digest(operatorToken)

  function accepts(token: string | null): boolean {
    return token !== null && timingSafeEqual(digest(token), right)
  }

  async function require(request: FastifyRequest): Promise<void> {
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')
    if (accepts(bearer?.[1] ?? null)) return
    throw new HttpError(
      401,
      'unauthorized',
      'Expected the header Authorization: Bearer with the operator token.'
    )
  }

  return { accepts, require, header: `Bearer ${operatorToken}` }
}

/** Equal lengths, so that the comparison can be in constant time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
