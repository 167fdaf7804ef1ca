import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { HttpToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { Tool, ToolContext } from '../../sessions/contracts/tool.ts'
import { ToolFailure } from '../../sessions/errors.ts'
import { readBounded } from './bounded-text.ts'

/** What a model is told of a refusal: enough for a sentence, too little for a page of HTML. */
const REFUSAL_CHARACTERS = 500

/**
 * A function at its owner's URL. One POST, signed as Standard Webhooks has it
 * (https://github.com/standard-webhooks/standard-webhooks), and one more with the same `webhook-id` where the first
 * met a server's fault or none at all. The reply's text is what the model is told. Redirects are not followed: the
 * signed request and its headers are for that URL alone.
 */
export function httpTool(spec: HttpToolSpec, agentId: string): Tool {
  const { name, description, parameters } = spec
  return {
    spec: { name, description, parameters },
    ...(spec.timeoutMs !== undefined && { deadlineMs: spec.timeoutMs }),
    async run(args, context) {
      const request = signedRequest(spec, agentId, args, context)
      const first = await attempt(spec.url, request).catch((error: unknown) => {
        context.signal.throwIfAborted()
        return error
      })
      const response =
        first instanceof Response && first.status < 500 ? first : await attempt(spec.url, request)
      return await outputOf(response)
    }
  }
}

function signedRequest(
  { name, headers, secret }: HttpToolSpec,
  agentId: string,
  args: Readonly<Record<string, unknown>>,
  { callId, from, to, signal }: ToolContext
): RequestInit {
  const id = `msg_${randomUUID()}`
  const at = new Date()
  const timestamp = at.toISOString()
  const call = { id: callId, agentId, from, to }
  const body = JSON.stringify({ type: 'tool.call', timestamp, name, arguments: args, call })
  const signature = secret === undefined ? null : new Webhook(secret).sign(id, at, body)
  return {
    method: 'POST',
    body,
    signal,
    redirect: 'manual',
    headers: {
      accept: 'application/json, text/plain, */*',
      ...headers,
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      ...(signature !== null && { 'webhook-signature': signature })
    }
  }
}

async function attempt(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request)
  // Its connection is not kept waiting for a body that nobody reads.
  if (response.status >= 500) await response.body?.cancel()
  return response
}

async function outputOf(response: Response): Promise<string> {
  if (response.status >= 500) throw new ToolFailure(`The tool answered HTTP ${response.status}.`)
  const text = await readBounded(response)
  if (response.status >= 300 && response.status < 400)
    throw new ToolFailure(
      `The tool answered with a redirect (HTTP ${response.status}), which is not followed.`
    )
  if (!response.ok)
    throw new ToolFailure(`The tool answered HTTP ${response.status}: ${text.slice(0, REFUSAL_CHARACTERS)}`)
  return text.trim() === '' ? 'Done. The tool had nothing to say.' : text
}
