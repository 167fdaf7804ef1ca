import { performance } from 'node:perf_hooks'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Form, readCreation, readUpdate } from './call-params.ts'
import type { TwilioCall } from './twilio-call.ts'
import * as refusal from './twilio-error.ts'

/** One request of the server, as it came. */
export interface RecordedRequest {
  /** By performance.now. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly form: Form
  /** HTTP status of the reply; 0 until then. */
  status: number
  /** Twilio's code, if it was refused. */
  errorCode: number | null
}

export interface RestApiOptions {
  readonly accountSid: string
  readonly authToken: string
  /** The number's voice webhook. */
  readonly voiceUrl: () => string
  readonly calls: () => readonly TwilioCall[]
  readonly dial: (creation: ReturnType<typeof readCreation>) => TwilioCall
  /** What this request is to be refused with, whatever it asks for. */
  readonly nextOutage: () => refusal.TwilioError | undefined
  readonly onRequest: (request: RecordedRequest) => void
  readonly onReply: (request: RecordedRequest) => void
}

type Data = Record<string, unknown>

/** The part of Twilio's REST API (2010-04-01) that a voice application uses: calls, its account and its number. */
export function createRestApi(options: RestApiOptions): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  void app.register(formbody)
  const { accountSid, authToken } = options
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`

  function answer(request: FastifyRequest, run: (form: Form) => Data, success = 200): Data {
    const form = { ...((request.body ?? {}) as Form) }
    const { method, url: path } = request
    const recorded: RecordedRequest = {
      at: performance.now(),
      method,
      path,
      form,
      status: 0,
      errorCode: null
    }
    options.onRequest(recorded)
    try {
      if (request.headers.authorization !== authorization) throw refusal.authenticationFailed()
      const outage = options.nextOutage()
      if (outage) throw outage
      const data = run(form)
      recorded.status = success
      return data
    } catch (error) {
      const refused = error instanceof refusal.TwilioError ? error : null
      recorded.status = refused?.status ?? 500
      recorded.errorCode = refused?.code ?? null
      throw error
    } finally {
      options.onReply(recorded)
    }
  }

  function callOf(request: FastifyRequest): TwilioCall {
    const { sid } = request.params as { sid: string }
    const call = options.calls().find(({ callSid }) => callSid === sid)
    if (!call) throw refusal.notFound(request.url)
    return call
  }

  const account = `/2010-04-01/Accounts/${accountSid}`
  app.get(`${account}.json`, (request) => answer(request, () => ({ sid: accountSid, status: 'active' })))
  app.get(`${account}/IncomingPhoneNumbers.json`, (request) =>
    answer(request, () => ({
      incoming_phone_numbers: [
        { account_sid: accountSid, voice_url: options.voiceUrl(), voice_method: 'POST' }
      ]
    }))
  )
  const calls = `${account}/Calls`
  app.get(`${calls}.json`, (request) => answer(request, () => listCalls(request, options.calls())))
  app.post(`${calls}.json`, (request, reply) => {
    void reply.code(201)
    return answer(request, (form) => describeCall(options.dial(readCreation(form))), 201)
  })
  app.get(`${calls}/:sid.json`, (request) => answer(request, () => describeCall(callOf(request))))
  app.post(`${calls}/:sid.json`, (request) =>
    answer(request, (form) => {
      const call = callOf(request)
      call.update(readUpdate(form))
      return describeCall(call)
    })
  )
  app.setNotFoundHandler((request) =>
    answer(request, () => {
      throw refusal.notFound(request.url)
    })
  )
  app.setErrorHandler((error, _request, reply) => {
    const refused = error instanceof refusal.TwilioError ? error : refusal.unexpected(500)
    return reply.code(refused.status).send(refused.body)
  })
  return app
}

/** One page of them: those of a parent, and of a status. */
function listCalls({ query, url }: FastifyRequest, calls: readonly TwilioCall[]): Data {
  const { ParentCallSid, Status, PageSize = '50' } = query as Record<string, string | undefined>
  const found = calls.filter(
    ({ options, status }) =>
      (ParentCallSid === undefined || options.parentCallSid === ParentCallSid) &&
      (Status === undefined || status === Status)
  )
  return {
    calls: found.slice(0, Number(PageSize)).map(describeCall),
    first_page_uri: url,
    next_page_uri: null,
    page: 0,
    page_size: Number(PageSize),
    uri: url
  }
}

function describeCall(call: TwilioCall): Data {
  const { accountSid, from, to, direction } = call.options
  return {
    sid: call.callSid,
    account_sid: accountSid,
    api_version: '2010-04-01',
    direction,
    from,
    to,
    status: call.status,
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${call.callSid}.json`
  }
}
