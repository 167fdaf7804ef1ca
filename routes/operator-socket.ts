import type { FastifyRequest } from 'fastify'
import { assertNotBlocked } from './admission.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** The token in the address, which is all that a browser's WebSocket can send, or in the header. */
export function operatorTokenOf(request: FastifyRequest): string | null {
  const { token } = request.query as { token?: string | string[] }
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return (Array.isArray(token) ? token.at(-1) : token) ?? bearer ?? null
}

/** Lets the operator through to a monitoring socket; from an address that guessed too often nobody, whatever comes. */
export function createOperatorAdmission(
  options: Pick<RouteOptions, 'auth' | 'guard' | 'metrics'>
): (request: FastifyRequest) => Promise<void> {
  const { auth, guard, metrics } = options
  return async (request) => {
    await assertNotBlocked(options, request, 'operator_rate_limit')
    if (auth.accepts(operatorTokenOf(request))) return
    await guard.refused(request.ip)
    metrics.refused('operator_token')
    throw new HttpError(401, 'unauthorized', 'Expected the operator token as token= in the address.')
  }
}
