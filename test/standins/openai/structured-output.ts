import type { ServerResponse } from 'node:http'
import type OpenAI from 'openai'
import { type ApiError, invalid } from './api-body.ts'

type Body = OpenAI.ChatCompletionCreateParams

/** What the service refuses of a completion that is to come whole, in the shape of a JSON Schema. */
export function structuredFault({ response_format: format }: Body): ApiError | null {
  if (format?.type !== 'json_schema')
    return invalid('This stand-in streams, or answers in a JSON Schema.', 'response_format')
  const { name, schema, strict } = format.json_schema
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return invalid('Invalid name.', 'response_format.json_schema.name')
  const fault = strict ? strictFault(schema, '()') : null
  const what = `Invalid schema for response_format '${name}'`
  return fault === null ? null : invalid(`${what}: ${fault}`, 'response_format', 'invalid_json_schema')
}

/** The completion in one piece. */
export function sendWhole(
  response: ServerResponse,
  body: Body,
  { text, usage }: { text: string; usage: OpenAI.CompletionUsage }
): void {
  const completion: OpenAI.ChatCompletion = {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: body.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'stop'
      }
    ],
    usage
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(completion))
}

/** In strict mode every object is closed, and all of its fields are required. */
function strictFault(schema: unknown, at: string): string | null {
  if (typeof schema !== 'object' || schema === null) return null
  const { type, properties, required, additionalProperties } = schema as Record<string, unknown>
  if (type === 'object') {
    if (additionalProperties !== false)
      return `In context=${at}, 'additionalProperties' is required to be supplied and to be false.`
    const missing = Object.keys(properties ?? {}).filter((name) => !(required as string[])?.includes(name))
    if (missing.length > 0)
      return `In context=${at}, 'required' is required to include every key in properties. Missing '${missing[0]}'.`
  }
  for (const [name, part] of Object.entries(schema)) {
    const fault = strictFault(part, `${at}.${name}`)
    if (fault) return fault
  }
  return null
}
