import Telnyx from 'telnyx'
import { CallError } from '../../../sessions/errors.ts'

interface ErrorBody {
  readonly errors?: readonly {
    readonly code?: unknown
    readonly title?: unknown
    readonly detail?: unknown
    readonly source?: { readonly pointer?: unknown }
  }[]
  readonly telnyx_error?: { readonly error_code?: unknown }
}

/** Telnyx's response codes of outbound calls (support.telnyx.com, "Telnyx SIP Response Codes"), D1 to D99. */
const RESPONSE_CODE = /\bD\d{1,2}\b/

/** "Call has already ended". */
const ALREADY_ENDED = '90018'

/**
 * What the SDK threw, as a CallError whose `detail` says most of it in a word: a response code such as `D51`, the
 * parameter that Telnyx points at, or its error code.
 */
export function toCallError(error: unknown): CallError {
  if (!(error instanceof Telnyx.APIError) || error.status === undefined) {
    return new CallError('CARRIER_UNREACHABLE', 'Telnyx could not be reached', {
      retryable: true,
      cause: error
    })
  }
  const detail = detailOf(error.error as ErrorBody | undefined) ?? `http_${error.status}`
  if (detail === ALREADY_ENDED) {
    return new CallError('CALL_OVER', 'By Telnyx the call is over', { detail, cause: error })
  }
  return new CallError('CARRIER_REFUSED', 'Telnyx refused the request', {
    retryable: error.status >= 500 || error.status === 429,
    detail,
    cause: error
  })
}

function detailOf(body: ErrorBody | undefined): string | null {
  const first = body?.errors?.[0]
  const told = `${body?.telnyx_error?.error_code ?? ''} ${first?.title ?? ''} ${first?.detail ?? ''}`
  const responseCode = RESPONSE_CODE.exec(told)?.[0]
  if (responseCode) return responseCode
  if (typeof first?.source?.pointer === 'string') return first.source.pointer.replace(/^\//, '')
  return first?.code === undefined ? null : String(first.code)
}

/** What the operator is told of a refused dial. */
export interface DialRefusal {
  /** HTTP. */
  readonly status: 400 | 402 | 403 | 429 | 502
  readonly code: string
  /** What to do about it. */
  readonly advice: string
}

const REFUSALS: Readonly<Record<string, DialRefusal>> = {
  '10009': refusal(502, 'carrier_key_refused', 'Telnyx does not know this key: check TELNYX_API_KEY.'),
  '10011': refusal(429, 'carrier_rate_limit', 'Too many requests to Telnyx: try again in a second.'),
  '90103': refusal(429, 'carrier_rate_limit', 'Too many dials a second: try again in a few seconds.'),
  connection_id: refusal(
    502,
    'carrier_application_unknown',
    'Telnyx does not know the application: set TELNYX_APPLICATION_ID to the id of a Call Control application with a webhook address.'
  ),
  to: refusal(400, 'invalid_number', 'Telnyx does not take body/to for a number: expected E.164.'),
  from: refusal(400, 'invalid_number', 'Telnyx does not take body/from for a number: expected E.164.'),
  D1: channelLimit('the account'),
  D2: channelLimit('the outbound voice profile'),
  D3: channelLimit('the application'),
  D11: refusal(400, 'invalid_number', 'Telnyx knows no such number: check body/to.'),
  D13: refusal(
    403,
    'carrier_country_blocked',
    "Allow the destination country in the outbound voice profile, in Telnyx's portal."
  ),
  D19: refusal(
    402,
    'carrier_account_blocked',
    "Telnyx has blocked the account: check its balance in Telnyx's portal."
  ),
  D22: channelLimit('the number, the application or the outbound voice profile'),
  D35: refusal(400, 'invalid_caller_id', 'Telnyx does not take body/from for a caller id: expected E.164.'),
  D36: refusal(
    403,
    'caller_id_not_verified',
    'body/from is a number of another account: call from one of yours.'
  ),
  D38: refusal(
    502,
    'no_outbound_voice_profile',
    "Assign an outbound voice profile to the Call Control application, in Telnyx's portal."
  ),
  D51: refusal(
    403,
    'caller_id_not_verified',
    "body/from is no number of this account: use one that is, or verify it in Telnyx's portal."
  )
}

/** What a refused dial means, by the `detail` of its CallError. */
export function dialRefusal(detail: string | null): DialRefusal {
  const known = detail === null ? undefined : REFUSALS[detail]
  if (known) return known
  const advice = `Telnyx refused the call (${detail}): https://developers.telnyx.com says what that means.`
  return refusal(502, 'carrier_refused', advice)
}

function refusal(status: DialRefusal['status'], code: string, advice: string): DialRefusal {
  return { status, code, advice }
}

function channelLimit(whose: string): DialRefusal {
  return refusal(
    429,
    'carrier_channel_limit',
    `The most outbound calls at a time of ${whose} are reached: wait for one to end, or raise the limit in Telnyx's portal.`
  )
}
