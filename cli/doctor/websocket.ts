import { WebSocket } from 'ws'
import { webSocketOrigin } from '../../services/public-url.ts'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped } from './check.ts'
import { unanswered } from './network.ts'

/** Whether a WebSocket comes through the public address, and a frame through the WebSocket. */
export const webSocketUpgrade: Check = {
  name: 'WebSocket',
  async run({ config, operatorToken }) {
    const urls = [config.publicUrl, config.telnyx?.streamUrl ?? null].filter((url) => url !== null)
    if (urls.length === 0) return [skipped('No public address is set.')]
    if (operatorToken === null) {
      return [
        skipped('There is no operator token to try one with: set OPERATOR_TOKEN, or start the server first.')
      ]
    }
    const origins = [...new Set(urls.map(webSocketOrigin))]
    return Promise.all(origins.map((origin) => upgrade(origin, operatorToken)))
  }
}

type Outcome = { frame: string } | { status: number } | { error: Error }

async function upgrade(origin: string, token: string): Promise<Finding> {
  const outcome = await open(`${origin}/frontend-audio?token=${encodeURIComponent(token)}`)
  if ('frame' in outcome) return ok(`A WebSocket and its frames come through ${origin}.`)
  if ('error' in outcome) {
    return unanswered(
      `A WebSocket to ${origin}`,
      outcome.error,
      'Let the proxy pass WebSockets on: HTTP/1.1, with the Upgrade and Connection headers.'
    )
  }
  if (outcome.status === 426 || outcome.status === 400) {
    return fault(
      `What stands before ${origin} takes the Upgrade header away (HTTP ${outcome.status}).`,
      'Let the proxy pass WebSockets on: with nginx, proxy_http_version 1.1 and the Upgrade and Connection headers.'
    )
  }
  if (outcome.status === 401) {
    return fault(
      `The server behind ${origin} has another operator token.`,
      'Run the doctor with the environment of the server, in the same folder.'
    )
  }
  return fault(
    `A WebSocket to ${origin} is answered with HTTP ${outcome.status}.`,
    'Let the proxy pass every path on to Offhook.'
  )
}

/** Resolves with the first frame, or with what came instead. */
function open(url: string): Promise<Outcome> {
  const socket = new WebSocket(url, { handshakeTimeout: ANSWER_DEADLINE_MS, perMessageDeflate: false })
  const deadline = setTimeout(() => socket.terminate(), ANSWER_DEADLINE_MS)
  return new Promise<Outcome>((resolve) => {
    socket.on('message', (data) => resolve({ frame: String(data) }))
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0 })
    })
    socket.on('error', (error) => resolve({ error }))
    socket.on('close', () => resolve({ error: new Error('closed without a frame') }))
  }).finally(() => {
    clearTimeout(deadline)
    socket.terminate()
  })
}
