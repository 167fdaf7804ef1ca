import type { RunningServer } from '../../server.ts'

export interface OperatorReply {
  readonly status: number
  readonly headers: Headers
  /** Parsed JSON, or the text where it is none. */
  readonly body: Record<string, unknown>
}

/** Requests of the operator to a running server. */
export function operatorOf(server: RunningServer) {
  return async (method: string, path: string, body?: object): Promise<OperatorReply> => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${server.operatorToken}`,
        ...(body && { 'content-type': 'application/json' })
      },
      body: body && JSON.stringify(body)
    })
    const text = await response.text()
    const json = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } }
  }
}
