import type { IncomingMessage, ServerResponse } from 'node:http'
import type OpenAI from 'openai'
import { type ApiError, invalid, pause, readBody, sendError } from './api-body.ts'
import { sendWhole, structuredFault } from './structured-output.ts'

type Body = OpenAI.ChatCompletionCreateParamsStreaming
type Message = OpenAI.ChatCompletionMessageParam
type Chunk = OpenAI.ChatCompletionChunk
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta
type FinishReason = OpenAI.ChatCompletionChunk.Choice['finish_reason']

/** What the chat model says or does in one completion. */
export interface ChatReply {
  readonly text?: string
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[]
  /** From the request to the first token; instead of the stand-in's `firstTokenMs`. */
  readonly firstTokenMs?: number
  /** Instead of anything else. */
  readonly error?: ApiError
  /** Takes the request and says nothing. */
  readonly silent?: boolean
  /** Breaks the connection after so many tokens, or says nothing more. */
  readonly breakAfter?: number
  readonly stallAfter?: number
}

export interface ChatRequest {
  readonly at: number
  readonly body: Body
  /** The client took its request back before the end. */
  aborted: boolean
  /** When the first token was sent; null until then. */
  firstTokenAt: number | null
}

export interface ChatOptions {
  readonly chat?: (request: Body, index: number) => ChatReply
  readonly firstTokenMs?: number
  readonly tokenMs?: number
  /** Models that exist; any, if not given. */
  readonly chatModels?: readonly string[]
}

const PROMPT_TOKENS = 120
const CACHED_TOKENS = 80

/** `/v1/chat/completions`: streamed, or whole in the shape of a JSON Schema. */
export class ChatApi {
  readonly requests: ChatRequest[] = []
  readonly #options: ChatOptions
  readonly #onRequest: () => void

  constructor(options: ChatOptions, onRequest: () => void) {
    this.#options = options
    this.#onRequest = onRequest
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await readBody(request)).toString()) as Body
    const index = this.requests.length
    const entry: ChatRequest = { at: performance.now(), body, aborted: false, firstTokenAt: null }
    this.requests.push(entry)
    response.on('close', () => {
      entry.aborted = !response.writableFinished
      this.#onRequest()
    })
    this.#onRequest()
    const fault = this.#faultOf(body)
    if (fault) return sendError(response, fault)
    const reply = (this.#options.chat ?? defaultReply)(body, index)
    if (reply.error) return sendError(response, reply.error)
    if (reply.silent) return
    const { text = '' } = reply
    if (!body.stream) return sendWhole(response, body, { text, usage: usageOf(text.length >> 2) })
    await this.#stream(response, entry, reply)
  }

  #faultOf(body: Body): ApiError | null {
    const { model, messages, stream, reasoning_effort } = body
    const { chatModels } = this.#options
    if (chatModels && !chatModels.includes(model)) {
      const message = `The model \`${model}\` does not exist or you do not have access to it.`
      return { status: 404, type: 'invalid_request_error', code: 'model_not_found', message }
    }
    if (reasoning_effort === 'none' && !/^gpt-5\.[1-9]/.test(model))
      return invalid(`Unsupported value: 'none'`, 'reasoning_effort', 'unsupported_value')
    return messagesFault(messages) ?? (stream ? null : structuredFault(body))
  }

  async #stream(response: ServerResponse, entry: ChatRequest, reply: ChatReply): Promise<void> {
    const { firstTokenMs = 50, tokenMs = 10 } = this.#options
    if (!(await pause(reply.firstTokenMs ?? firstTokenMs, response))) return
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const send = (chunk: Partial<Chunk>) => writeChunk(response, entry.body.model, chunk)
    const delta = (delta: Delta, finish_reason: FinishReason = null) =>
      send({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] })
    delta({ role: 'assistant', content: reply.text === undefined ? null : '' })
    entry.firstTokenAt = performance.now()
    const tokens = (reply.text ?? '').match(/\s*\S+/g) ?? []
    for (const [i, content] of tokens.entries()) {
      if (reply.breakAfter === i) return void response.destroy()
      if (reply.stallAfter === i) return
      delta({ content })
      if (tokenMs > 0 && !(await pause(tokenMs, response))) return
    }
    for (const [index, call] of (reply.toolCalls ?? []).entries()) sendToolCall(delta, call, index, entry.at)
    delta({}, reply.toolCalls?.length ? 'tool_calls' : 'stop')
    if (entry.body.stream_options?.include_usage) {
      send({ choices: [], usage: usageOf(tokens.length) })
    }
    response.end('data: [DONE]\n\n')
  }
}

const defaultReply = ({ messages }: Body): ChatReply => {
  const asked = messages.findLast(({ role }) => role === 'user')
  return { text: `I heard: ${typeof asked?.content === 'string' ? asked.content : ''}.` }
}

/** As the service streams it: the name first, then the arguments in pieces. */
function sendToolCall(
  delta: (delta: Delta) => void,
  call: { name: string; arguments: string },
  index: number,
  seed: number
): void {
  const id = `call_${Math.round(seed * 1000)}_${index}`
  const { name } = call
  delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })
  for (const piece of call.arguments.match(/.{1,7}/gs) ?? []) {
    delta({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
}

function writeChunk(response: ServerResponse, model: string, chunk: Partial<Chunk>): void {
  const whole: Chunk = {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [],
    ...chunk
  }
  response.write(`data: ${JSON.stringify(whole)}\n\n`)
}

function usageOf(tokens: number): OpenAI.CompletionUsage {
  return {
    prompt_tokens: PROMPT_TOKENS,
    completion_tokens: tokens + 1,
    total_tokens: PROMPT_TOKENS + tokens + 1,
    prompt_tokens_details: { cached_tokens: CACHED_TOKENS, audio_tokens: 0 }
  }
}

/** What the service refuses in a conversation: above all a tool call without its answer right after it. */
function messagesFault(messages: readonly Message[]): ApiError | null {
  if (messages.length === 0) return invalid('Expected at least one message.', 'messages')
  let open = new Set<string>()
  for (const [i, message] of messages.entries()) {
    const at = `messages.[${i}]`
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) {
        const text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
        return invalid(`Invalid parameter: ${text}`, `${at}.role`)
      }
      continue
    }
    if (open.size > 0) return unanswered(open, at)
    if (message.role === 'assistant') {
      if (!message.content && !message.tool_calls?.length)
        return invalid('Expected content.', `${at}.content`)
      open = new Set(message.tool_calls?.map(({ id }) => id))
    } else if (typeof message.content !== 'string') return invalid('Expected a text.', `${at}.content`)
  }
  return open.size > 0 ? unanswered(open, 'messages') : null
}

function unanswered(open: ReadonlySet<string>, param: string): ApiError {
  const message = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`
  return invalid(message, param)
}
