import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** An answer that is not success: `{"error":"snake_code","message":"what was wrong and what was expected"}`. */
export class HttpError extends Error {
  readonly statusCode: number
  readonly code: string

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.name = 'HttpError'
    this.statusCode = statusCode
    this.code = code
  }
}

/** Every failure of a request in the one shape; what is ours to mend is logged and told without detail. */
export function sendError(
  error: FastifyError | HttpError,
  request: FastifyRequest,
  reply: FastifyReply
): void {
  if (error instanceof HttpError) {
    void reply.status(error.statusCode).send({ error: error.code, message: error.message })
    return
  }
  if (error.validation) {
    void reply.status(400).send({ error: 'invalid_request', message: describe(error) })
    return
  }
  const status = error.statusCode ?? 500
  if (status < 500) {
    void reply.status(status).send({ error: snake(error.code), message: error.message })
    return
  }
  request.log.error({ event: 'http.failed', err: error, url: request.routeOptions.url }, 'A request failed')
  void reply.status(500).send({ error: 'internal', message: 'The server failed; its log says why.' })
}

/** Names each field and what was expected of it. */
function describe(error: FastifyError): string {
  const where = error.validationContext ?? 'request'
  return (error.validation ?? [])
    .filter(({ keyword }) => keyword !== 'if')
    .map(({ instancePath, message, params, keyword }) => {
      const field = `${where}${instancePath}`
      if (keyword === 'enum')
        return `${field} must be one of ${String(params.allowedValues).replaceAll(',', ', ')}`
      if (keyword === 'additionalProperties')
        return `${field} must not have the field ${String(params.additionalProperty)}`
      return `${field} ${message}`
    })
    .join('; ')
}

function snake(code: string | undefined): string {
  return (code ?? 'bad_request').replace(/^FST_ERR_/, '').toLowerCase()
}
