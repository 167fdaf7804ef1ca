/**
 * Errors of the Telnyx API, as its reference gives them (developers.telnyx.com, "API error codes", and the 422 examples
 * of the Call Control reference).
 */
export interface TelnyxErrorItem {
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly source?: { readonly pointer: string }
}

export class TelnyxError extends Error {
  readonly status: number
  readonly errors: readonly TelnyxErrorItem[]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, errors: readonly TelnyxErrorItem[], headers: Record<string, string> = {}) {
    super(errors.map(({ code, title }) => `${code} ${title}`).join('; '))
    this.name = 'TelnyxError'
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

export function authenticationFailed(): TelnyxError {
  const detail = 'The required authentication headers were either invalid or not included in the request.'
  return new TelnyxError(401, [{ code: '10009', title: 'Authentication failed', detail }])
}

export function resourceNotFound(): TelnyxError {
  const detail = 'The requested resource or URL could not be found.'
  return new TelnyxError(404, [{ code: '10005', title: 'Resource not found', detail }])
}

export function tooManyRequests(limit: number): TelnyxError {
  const detail = 'You have exceeded the maximum number of allowed requests.'
  return new TelnyxError(429, [{ code: '10011', title: 'Too many requests', detail }], {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': '1'
  })
}

/** A dial that the account may not make: 403 with one of the response codes of outbound calls, D1 to D99. */
export function dialForbidden(responseCode: string, why: string): TelnyxError {
  return new TelnyxError(403, [
    { code: '10010', title: 'Authorization failed', detail: `${why} ${responseCode}` }
  ])
}

export function tooManyDials(): TelnyxError {
  const detail = 'The dial rate of the account was exceeded.'
  return new TelnyxError(429, [{ code: '90103', title: 'Dial rate limit exceeded', detail }])
}

export function unexpectedError(status: number): TelnyxError {
  const detail = 'An unexpected error occured.'
  return new TelnyxError(status, [{ code: '10007', title: 'Unexpected error', detail }])
}

export function invalidCallControlId(): TelnyxError {
  return unprocessable('90015', 'Invalid Call Control ID', 'The call_control_id provided was not valid.', {
    pointer: '/call_control_id'
  })
}

export function callAlreadyEnded(): TelnyxError {
  const detail = "This call is no longer active and can't receive commands."
  return unprocessable('90018', 'Call has already ended', detail)
}

export function callNotAnswered(): TelnyxError {
  const detail = "This call can't receive this command because it has not been answered yet."
  return unprocessable('90034', 'Call not answered yet', detail)
}

export function unableToExecute(detail: string): TelnyxError {
  return unprocessable('90033', 'Unable to execute command', detail)
}

export function mediaStreamingUsed(): TelnyxError {
  const detail = "This command can't be issued when media streaming is used."
  return unprocessable('90045', 'Media Streaming is used', detail)
}

export function invalidConnectionId(): TelnyxError {
  const detail =
    'The requested connection_id (Call Control App ID) is either invalid or does not exist. ' +
    'Only Call Control Apps with valid webhook URL are accepted.'
  const title = 'Invalid value for connection_id (Call Control App ID)'
  return unprocessable('10015', title, detail, { pointer: '/connection_id' })
}

export function notE164(parameter: 'to' | 'from'): TelnyxError {
  const detail = `The '${parameter}' parameter must be in E164 format.`
  return unprocessable('10016', 'Phone number must be in +E164 format', detail, { pointer: `/${parameter}` })
}

function unprocessable(
  code: string,
  title: string,
  detail: string,
  source?: { pointer: string }
): TelnyxError {
  return new TelnyxError(422, [source ? { code, title, detail, source } : { code, title, detail }])
}
