import type { IncomingMessage, ServerResponse } from 'node:http'

/** An error of the API as it stands in a reply. */
export interface ApiError {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly message: string
  readonly param?: string
}

export const RATE_LIMITED: ApiError = {
  status: 429,
  type: 'requests',
  code: 'rate_limit_exceeded',
  message: 'Rate limit reached for requests.'
}

export const UNAVAILABLE: ApiError = {
  status: 503,
  type: 'server_error',
  code: null,
  message: 'The server is overloaded.'
}

export function invalid(message: string, param: string, code: string | null = null): ApiError {
  return { status: 400, type: 'invalid_request_error', code, message, param }
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

export function sendError(response: ServerResponse, { status, param = undefined, ...error }: ApiError): void {
  const headers = { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '20' }) }
  response.writeHead(status, headers)
  response.end(JSON.stringify({ error: { ...error, param: param ?? null } }))
}

/** Resolves after `ms`, or as soon as the client has gone. False where it has. */
export function pause(ms: number, response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      response.off('close', done)
      resolve(!response.destroyed)
    }
    const timer = setTimeout(done, ms)
    response.on('close', done)
  })
}
