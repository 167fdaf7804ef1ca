export type CallErrorCode =
  | 'CARRIER_REFUSED'
  /** By the carrier the call is over already: its other end has hung up, and the webhook may still be on its way. */
  | 'CALL_OVER'
  | 'CARRIER_UNREACHABLE'
  | 'MEDIA_PROTOCOL'
  | 'ENGINE_CONNECT'
  | 'ENGINE_PROTOCOL'
  | 'ENGINE_UNAVAILABLE'
  | 'STORE_UNAVAILABLE'
  | 'NUMBER_REFUSED'
  | 'INVALID_STATE'

/** A failure of one call. `retryable` says whether the same request may work when tried again. */
export class CallError extends Error {
  readonly code: CallErrorCode
  readonly retryable: boolean
  /** Provider's own code or the name of the parameter it refused; never its prose, which may hold a caller's data. */
  readonly detail: string | null

  constructor(
    code: CallErrorCode,
    message: string,
    options: { retryable?: boolean; detail?: string | null; cause?: unknown } = {}
  ) {
    super(message, { cause: options.cause })
    this.name = 'CallError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.detail = options.detail ?? null
  }
}

/** A tool came to nothing, and the model may be told why in these words. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}
