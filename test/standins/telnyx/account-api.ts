import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as refusal from './telnyx-error.ts'

/** What an account at Telnyx has; the defaults are one that is set up for the server. */
export interface TelnyxAccount {
  /** In dollars. Default 25. */
  readonly credit?: number
  /** Default: where the stand-in sends its webhooks. */
  readonly webhookUrl?: string
  readonly webhookApiVersion?: '1' | '2'
  readonly active?: boolean
  readonly outboundVoiceProfileId?: string | null
  /** Numbers that are assigned to the application. Default: one. */
  readonly numbers?: readonly string[]
}

type Data = Record<string, unknown>

/** The part of the Telnyx REST API (v2) that tells of an account: balance, applications and numbers. */
export function addAccountApi(
  app: FastifyInstance,
  options: {
    readonly applicationId: string
    readonly account: TelnyxAccount
    readonly webhookUrl: () => string
    readonly authorize: (request: FastifyRequest) => void
  }
): void {
  const { applicationId, account } = options

  function application(): Data {
    return {
      id: applicationId,
      record_type: 'call_control_application',
      application_name: 'stand-in',
      active: account.active ?? true,
      webhook_event_url: account.webhookUrl ?? options.webhookUrl(),
      webhook_api_version: account.webhookApiVersion ?? '2',
      outbound: {
        outbound_voice_profile_id:
          account.outboundVoiceProfileId === undefined
            ? '1293384261075731499'
            : account.outboundVoiceProfileId
      }
    }
  }

  app.get('/v2/balance', (request) => {
    options.authorize(request)
    const credit = (account.credit ?? 25).toFixed(2)
    return { data: { record_type: 'balance', balance: credit, available_credit: credit, currency: 'USD' } }
  })
  app.get('/v2/call_control_applications', (request) => {
    options.authorize(request)
    return page([application()])
  })
  app.get('/v2/call_control_applications/:id', (request) => {
    options.authorize(request)
    if ((request.params as { id: string }).id !== applicationId) throw refusal.resourceNotFound()
    return { data: application() }
  })
  app.get('/v2/phone_numbers', (request) => {
    options.authorize(request)
    const query = request.query as Record<string, string>
    const assigned = query['filter[connection_id]'] === applicationId
    const numbers = assigned ? (account.numbers ?? ['+13125550199']) : []
    return page(numbers.map((number) => ({ phone_number: number, connection_id: applicationId })))
  })
}

function page(data: Data[]): Data {
  return { data, meta: { page_number: 1, page_size: 20, total_pages: 1, total_results: data.length } }
}
