import OpenAI from 'openai'
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming
} from 'openai/resources/chat/completions'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { ChatModel, ChatPiece, ChatRequest, RequestedCall } from './chat-model.ts'

export interface OpenAiAccess {
  readonly apiKey: string
  /** null: OpenAI's own. */
  readonly baseUrl: string | null
}

/** Models that can be told not to think before they speak; others either don't think or can't be told. */
const CAN_SKIP_REASONING = /^gpt-5\.[1-9]/

/** A chat model of OpenAI, or of a server that speaks its protocol. */
export class OpenAiChatModel implements ChatModel {
  readonly model: string
  readonly #client: OpenAI

  constructor(options: OpenAiAccess & { model: string }) {
    this.model = options.model
    this.#client = createOpenAi(options)
  }

  /** Connections are dropped after some seconds without a request: a new one costs two or three round trips. */
  warm(): void {
    this.#client.models.retrieve(this.model).catch(() => {})
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPiece> {
    try {
      const chunks = await this.#client.chat.completions.create(this.#body(request), { signal })
      yield* pieces(chunks, this.model)
    } catch (error) {
      throw signal.aborted ? signal.reason : openAiError(error)
    }
  }

  #body({ messages, tools }: ChatRequest): ChatCompletionCreateParamsStreaming {
    return {
      model: this.model,
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
      ...(CAN_SKIP_REASONING.test(this.model) && { reasoning_effort: 'none' }),
      ...(tools.length > 0 && {
        tools: tools.map(({ name, description, parameters }) => ({
          type: 'function',
          function: { name, description, parameters }
        }))
      })
    }
  }
}

/** Retries are the engine's: it knows how long the caller has waited. */
export function createOpenAi({ apiKey, baseUrl }: OpenAiAccess): OpenAI {
  return new OpenAI({ apiKey, baseURL: baseUrl, maxRetries: 0, logLevel: 'off' })
}

/**
 * Whether requests will be answered: opens the connection that they will use. Rejects with a CallError
 * (ENGINE_CONNECT). A server that lists no models is taken at its word.
 */
export async function reachOpenAi(client: OpenAI, model: string, signal: AbortSignal): Promise<void> {
  try {
    await client.models.retrieve(model, { signal })
  } catch (error) {
    const status = error instanceof OpenAI.APIError ? error.status : undefined
    if (status !== undefined && status < 500 && status !== 401 && status !== 403) return
    const { detail, retryable } = openAiError(error)
    throw new CallError('ENGINE_CONNECT', 'OpenAI could not be reached', { retryable, detail, cause: error })
  }
}

/** Never the service's prose, which may hold a caller's words. */
export function openAiError(error: unknown): CallError {
  const status = error instanceof OpenAI.APIError ? error.status : undefined
  const code = error instanceof OpenAI.APIError ? error.code : null
  const retryable = status === undefined || status === 408 || status === 409 || status >= 500
  const detail = code ?? (status === undefined ? 'connection_lost' : `http_${status}`)
  return new CallError('ENGINE_UNAVAILABLE', 'OpenAI failed', { retryable, detail, cause: error })
}

async function* pieces(chunks: AsyncIterable<ChatCompletionChunk>, model: string): AsyncGenerator<ChatPiece> {
  const calls: { id: string; name: string; arguments: string }[] = []
  let finished = false
  for await (const { choices, usage } of chunks) {
    const choice = choices[0]
    const text = choice?.delta?.content
    if (text) yield { type: 'text', text }
    for (const part of choice?.delta?.tool_calls ?? []) addPart(calls, part)
    if (choice?.finish_reason) {
      finished = true
      if (calls.length > 0) yield { type: 'calls', calls: calls.filter(isWhole) }
    }
    if (usage) yield { type: 'usage', records: usageRecords(model, usage) }
  }
  if (!finished) throw new Error('the stream ended in the middle')
}

function addPart(
  calls: { id: string; name: string; arguments: string }[],
  { index, id, function: part }: ChatCompletionChunk.Choice.Delta.ToolCall
): void {
  calls[index] ??= { id: '', name: '', arguments: '' }
  const call = calls[index]
  call.id ||= id ?? ''
  call.name ||= part?.name ?? ''
  call.arguments += part?.arguments ?? ''
}

function isWhole(call: RequestedCall | undefined): call is RequestedCall {
  return call !== undefined && call.id !== '' && call.name !== ''
}

/** Cached tokens are counted within the prompt's; here they are apart. */
function usageRecords(model: string, usage: OpenAI.CompletionUsage): UsageRecord[] {
  const cached = Math.min(usage.prompt_tokens_details?.cached_tokens ?? 0, usage.prompt_tokens)
  const quantities = {
    text_input_token: usage.prompt_tokens - cached,
    cached_text_input_token: cached,
    text_output_token: usage.completion_tokens
  }
  return Object.entries(quantities)
    .filter(([, quantity]) => quantity > 0)
    .map(([unit, quantity]) => ({ provider: 'openai', model, kind: 'llm', unit, quantity }))
}
