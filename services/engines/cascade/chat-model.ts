import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { ToolSpec } from '../../../sessions/contracts/agent-profile.ts'

export interface ChatRequest {
  readonly messages: readonly ChatCompletionMessageParam[]
  readonly tools: readonly ToolSpec[]
}

export interface RequestedCall {
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it. */
  readonly arguments: string
}

/** What comes of a completion, in order; the calls are whole. */
export type ChatPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'calls'; readonly calls: readonly RequestedCall[] }
  | { readonly type: 'usage'; readonly records: readonly UsageRecord[] }

export interface ChatModel {
  readonly model: string
  /** Opens a connection before it is needed. */
  warm(): void
  /** Throws a CallError whose `retryable` says whether the same request may work again, or what `signal` aborts with. */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPiece>
}
