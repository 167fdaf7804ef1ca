import { ANSWER_DEADLINE_MS, type Finding, fault, skipped } from './check.ts'

/** Codes of Node and OpenSSL for a peer that was not reached, as opposed to one that said no. */
const UNREACHED =
  /^(E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|TIMEDOUT|PIPE|PROTO)|UND_ERR_.*|CERT_.*|ERR_TLS_.*|ERR_SSL_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/

/** Those of them that say that the peer's certificate is at fault. */
const UNTRUSTED =
  /^(CERT_.*|ERR_TLS_CERT.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/

/** The network's own code anywhere in the chain of causes, for example `ENOTFOUND`; null where the peer was reached. */
export function networkCode(error: unknown): string | null {
  let unconnected = false
  let innermost = ''
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 6; depth++) {
    const { code, name, message } = cause as NodeJS.ErrnoException
    if (typeof code === 'string' && UNREACHED.test(code)) return code
    // The carriers' SDKs tell it by the class alone.
    if (name === 'TimeoutError' || cause.constructor.name === 'APIConnectionTimeoutError') return 'ETIMEDOUT'
    unconnected ||= cause.constructor.name === 'APIConnectionError'
    innermost = message
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause
  }
  return unconnected ? innermost : null
}

/** This machine can't reach `who`: the same network keeps the server from reaching them. */
export function unreachable(who: string, code: string): Finding {
  return fault(
    `${who} can't be reached from this machine (${code}).`,
    "Check this machine's internet access, DNS, proxy and firewall; the server needs the same way out."
  )
}

/** Nothing came back from a public address, and `fix` says what may be in the way. */
export function unanswered(what: string, error: unknown, fix: string): Finding {
  const code = networkCode(error)
  if (code && UNTRUSTED.test(code)) return skipped(`${what} can't be tried: the certificate is not trusted.`)
  return fault(`${what} can't be reached (${code ?? 'no answer'}).`, fix)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Rejects as `fetch` does where nobody answers in time. Redirects are not followed: carriers do not follow them. */
export async function ask(url: string | URL, init: RequestInit = {}): Promise<Answer> {
  const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS)
  const response = await fetch(url, { redirect: 'manual', signal, ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** The fields of a JSON object; none of what is none. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
