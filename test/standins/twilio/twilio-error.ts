/** Errors of Twilio's REST API, as its error dictionary gives them (twilio.com/docs/api/errors). */
export class TwilioError extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.name = 'TwilioError'
    this.status = status
    this.code = code
  }

  get body(): Record<string, unknown> {
    const { code, message, status } = this
    return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
  }
}

export const authenticationFailed = () => new TwilioError(401, 20003, 'Authenticate')
export const notFound = (path: string) =>
  new TwilioError(404, 20404, `The requested resource ${path} was not found`)
export const tooManyRequests = () => new TwilioError(429, 20429, 'Too Many Requests')
export const unexpected = (status: number) =>
  new TwilioError(status, 20500, 'An internal server error has occurred')
export const unknownParameter = (name: string) => new TwilioError(400, 20001, `Unknown parameter: ${name}`)
export const invalidParameter = (name: string) => new TwilioError(400, 20001, `Invalid parameter: ${name}`)
export const missingTo = () => new TwilioError(400, 21201, "No 'To' number is specified")
export const missingFrom = () => new TwilioError(400, 21213, "No 'From' number is specified")
export const invalidTo = (to: string) =>
  new TwilioError(400, 21211, `The phone number you are attempting to call, ${to}, is not valid.`)
export const invalidFrom = (from: string) =>
  new TwilioError(400, 21212, `The source phone number provided, ${from}, is not valid.`)
export const invalidUrl = (url: string) => new TwilioError(400, 21205, `Url is not a valid URL: ${url}`)
export const invalidTwiml = (why: string) => new TwilioError(400, 21218, `Invalid TwiML: ${why}`)
export const notInProgress = () => new TwilioError(400, 21220, 'Call is not in-progress. Cannot redirect.')
