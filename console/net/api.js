import { t } from '../state/language.js'
import { session } from '../state/session.js'

const TIMEOUT_MS = 20_000

/** What the server answered where it did not do what it was asked. `status` 0: there was no answer. */
export class ApiError extends Error {
  /** @param {{ status: number, code: string, message: string }} fault */
  constructor({ status, code, message }) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * Asks the server, as the operator. A refused token ends the session.
 *
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal, timeoutMs?: number }} [options] body: sent as JSON, but a Blob as it is
 * @returns {Promise<Response>} rejects with an ApiError
 */
export async function request(method, path, { body, signal, timeoutMs = TIMEOUT_MS } = {}) {
  /** @type {Record<string, string>} */
  const headers = {}
  if (session.token.value) headers.authorization = `Bearer ${session.token.value}`
  if (session.operatorName.value) headers['x-operator-name'] = encodeURIComponent(session.operatorName.value)
  const file = body instanceof Blob
  if (body !== undefined) headers['content-type'] = file ? body.type : 'application/json'
  const deadline = AbortSignal.timeout(timeoutMs)
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined || file ? body : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    cache: 'no-store'
  }).catch((error) => {
    if (signal?.aborted) throw error
    throw new ApiError({ status: 0, code: 'unreachable', message: t('error.unreachable') })
  })
  if (response.ok) return response
  const fault = await response.json().catch(() => ({}))
  if (response.status === 401) session.signOut({ refused: true })
  throw new ApiError({
    status: response.status,
    code: fault.error ?? 'unknown',
    message: fault.message ?? t('error.status', { status: response.status })
  })
}

/** The same for JSON answers. Every method resolves with what was answered, and rejects with an ApiError. */
export const api = {
  /** @param {string} path @param {{ signal?: AbortSignal }} [options] @returns {Promise<any>} */
  get: (path, options) => request('GET', path, options).then((response) => response.json()),
  /** @param {string} path @param {unknown} [body] @param {{ timeoutMs?: number }} [options] @returns {Promise<any>} */
  post: (path, body = {}, options) =>
    request('POST', path, { body, ...options }).then((response) => response.json()),
  /** @param {string} path @param {unknown} body @returns {Promise<any>} */
  put: (path, body) => request('PUT', path, { body }).then((response) => response.json()),
  /** @param {string} path @returns {Promise<void>} */
  delete: (path) => request('DELETE', path).then(() => undefined)
}
