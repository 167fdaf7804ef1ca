import type { FastifyRequest } from 'fastify'
import type { TwilioParams } from '../services/carriers/twilio/twilio-signature.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** Of Twilio's final statuses, those of a call that nobody answered for a reason on the other side, in our words. */
export const UNREACHED: Readonly<Record<string, 'busy' | 'no_answer' | 'failed'>> = {
  busy: 'busy',
  'no-answer': 'no_answer',
  failed: 'failed'
}

export function configured({ twilio }: RouteOptions): NonNullable<RouteOptions['twilio']> {
  if (twilio) return twilio
  throw new HttpError(
    503,
    'carrier_not_configured',
    'Twilio is not configured: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.'
  )
}

/** The form of a webhook. @throws HttpError 403 unless Twilio signed the request. */
export function verify(request: FastifyRequest, options: RouteOptions): TwilioParams {
  const { signatures } = configured(options)
  const params = (request.body ?? {}) as TwilioParams
  const signature = request.headers['x-twilio-signature']
  if (signatures.isWebhook(request.url, params, String(signature ?? ''))) return params
  options.metrics.refused('webhook_signature')
  // Most often the number's webhook or the public address says something else than the other.
  const url = signatures.webhookUrl(request.url)
  request.log.warn(
    { event: 'webhook.refused', carrier: 'twilio', cause: 'signature', url },
    'Webhook refused: its signature is not that of this address'
  )
  throw new HttpError(403, 'invalid_signature', `Expected the X-Twilio-Signature of ${url}.`)
}

export function callSidOf(params: TwilioParams): string {
  const callSid = field(params, 'CallSid')
  if (callSid) return callSid
  throw new HttpError(400, 'invalid_event', "Expected a webhook of Twilio's with CallSid.")
}

export function field(params: TwilioParams, name: string): string | null {
  const value = params[name]
  return typeof value === 'string' && value !== '' ? value : null
}
