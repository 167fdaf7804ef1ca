import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { addAccountApi, type TelnyxAccount } from './account-api.ts'
import { type CommandBody, isCommand, validateCommand } from './command-validator.ts'
import type { TelnyxCall } from './telnyx-call.ts'
import * as refusal from './telnyx-error.ts'

/** One request of the server, as it came. */
export interface RecordedRequest {
  /** By performance.now. */
  readonly at: number
  readonly method: string
  readonly path: string
  /** `dial`, `answer`, `streaming_start`, …; null for anything but a command. */
  readonly command: string | null
  readonly callControlId: string | null
  readonly body: CommandBody
  /** HTTP status of the reply; 0 until then. */
  status: number
  /** Telnyx's code of the first error, if it was refused. */
  errorCode: string | null
}

/** What Telnyx is told to do wrong. */
export interface Outage {
  readonly error: () => refusal.TelnyxError
  /** Carries the command out all the same: the reply is what gets lost. */
  readonly applied: boolean
}

export interface RestApiOptions {
  readonly apiKey: string
  readonly applicationId: string
  readonly account: TelnyxAccount
  /** Where webhooks go. */
  readonly webhookUrl: () => string
  /** Latency of every reply in ms. */
  readonly replyDelayMs: number
  readonly findCall: (callControlId: string) => TelnyxCall | undefined
  readonly dial: (body: CommandBody) => TelnyxCall
  readonly nextOutage: () => Outage | undefined
  readonly onRequest: (request: RecordedRequest) => void
  readonly onReply: (request: RecordedRequest) => void
}

type Data = Record<string, unknown>

/** The part of the Telnyx REST API (v2) that a voice application uses. */
export function createRestApi(options: RestApiOptions): FastifyInstance {
  const app = Fastify({ routerOptions: { maxParamLength: 300 }, forceCloseConnections: true })

  function authorize({ headers }: FastifyRequest): void {
    if (headers.authorization !== `Bearer ${options.apiKey}`) throw refusal.authenticationFailed()
  }

  async function answer(
    request: FastifyRequest,
    command: string | null,
    run: (body: CommandBody) => Data
  ): Promise<{ data: Data }> {
    const recorded = record(request, command)
    options.onRequest(recorded)
    try {
      if (options.replyDelayMs > 0) await sleep(options.replyDelayMs)
      authorize(request)
      const outage = options.nextOutage()
      if (outage && !outage.applied) throw outage.error()
      const data = run(recorded.body)
      if (outage) throw outage.error()
      recorded.status = 200
      return { data }
    } catch (error) {
      const refused = error instanceof refusal.TelnyxError ? error : null
      recorded.status = refused?.status ?? 500
      recorded.errorCode = refused?.errors[0]?.code ?? null
      throw error
    } finally {
      options.onReply(recorded)
    }
  }

  function callOf(request: FastifyRequest): TelnyxCall {
    const call = options.findCall((request.params as { id: string }).id)
    if (!call) throw refusal.invalidCallControlId()
    return call
  }

  app.post('/v2/calls', (request) =>
    answer(request, 'dial', (body) => {
      validateCommand('dial', body)
      return describeCall(options.dial(body))
    })
  )
  app.get('/v2/calls/:id', (request) => answer(request, null, () => describeCall(callOf(request))))
  app.post('/v2/calls/:id/actions/:command', (request) => {
    const { command } = request.params as { command: string }
    return answer(request, command, (body) => {
      if (!isCommand(command) || command === 'dial') throw refusal.resourceNotFound()
      const call = callOf(request)
      validateCommand(command, body)
      call.execute(command, body)
      return { result: 'ok' }
    })
  })
  addAccountApi(app, { ...options, authorize })
  app.setNotFoundHandler((request) =>
    answer(request, null, () => {
      throw refusal.resourceNotFound()
    })
  )
  app.setErrorHandler((error, _request, response) => {
    const refused = error instanceof refusal.TelnyxError ? error : refusal.unexpectedError(500)
    if (refused !== error) app.log.error(error)
    return response.code(refused.status).headers(refused.headers).send({ errors: refused.errors })
  })
  return app
}

function record(request: FastifyRequest, command: string | null): RecordedRequest {
  const body = typeof request.body === 'object' && request.body !== null ? request.body : {}
  return {
    at: performance.now(),
    method: request.method,
    path: request.url,
    command,
    callControlId: (request.params as { id?: string } | undefined)?.id ?? null,
    body: body as CommandBody,
    status: 0,
    errorCode: null
  }
}

function describeCall(call: TelnyxCall): Data {
  return {
    record_type: 'call',
    call_control_id: call.callControlId,
    call_leg_id: call.callLegId,
    call_session_id: call.callSessionId,
    is_alive: call.state === 'answered'
  }
}
