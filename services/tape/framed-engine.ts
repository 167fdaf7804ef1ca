import { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../audio/format.ts'
import type {
  AgentEngine,
  AgentEngineEvents,
  EngineName,
  HeardReply
} from '../../sessions/contracts/agent-engine.ts'
import type { ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import { CallError, type CallErrorCode } from '../../sessions/errors.ts'

/** What the session asks of an engine, as it stands on a tape. */
export type EngineRequest =
  | { readonly method: 'connect' | 'greet' | 'close' }
  | { readonly method: 'sendAudio'; readonly payload: string }
  | { readonly method: 'sendDigit'; readonly digit: string }
  | { readonly method: 'say' | 'whisper'; readonly text: string }
  | { readonly method: 'remember'; readonly text: string; readonly whole?: boolean }
  | { readonly method: 'interrupt'; readonly heard: readonly HeardReply[]; readonly utteranceId?: string }
  | { readonly method: 'dismiss'; readonly utteranceId: string; readonly unheard?: readonly string[] }
  | { readonly method: 'answer'; readonly utteranceId: string; readonly text: string }
  | { readonly method: 'setPatience'; readonly extraMs: number }
  | { readonly method: 'setTools'; readonly tools: readonly ToolSpec[] }
  | {
      readonly method: 'returnToolResult'
      readonly id: string
      readonly output: string
      readonly reply: boolean
    }

/** An event of the engine as it stands on a tape; `ready` and `refused` are how `connect` settles. */
export type EngineAnswer = { readonly event: 'ready' | 'refused' | keyof AgentEngineEvents } & Record<
  string,
  unknown
>

export interface FramedEngineOptions {
  readonly name: EngineName
  readonly transcribesAll: boolean
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly onRequest: (request: EngineRequest) => void
}

/** An engine whose every method is a frame that it sends, and whose every event is one that it is given. */
export class FramedEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly name: EngineName
  readonly transcribesAll: boolean
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly #request: FramedEngineOptions['onRequest']
  readonly #ready = Promise.withResolvers<void>()

  constructor(options: FramedEngineOptions) {
    super()
    this.name = options.name
    this.transcribesAll = options.transcribesAll
    this.inputFormat = options.inputFormat
    this.outputFormat = options.outputFormat
    this.#request = options.onRequest
  }

  connect(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#ready.reject(new CallError('ENGINE_CONNECT', 'The call is over'))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#request({ method: 'connect' })
    return this.#ready.promise
  }

  greet(): void {
    this.#request({ method: 'greet' })
  }

  sendAudio(payload: Uint8Array): void {
    this.#request({ method: 'sendAudio', payload: base64(payload) })
  }

  sendDigit(digit: string): void {
    this.#request({ method: 'sendDigit', digit })
  }

  say(text: string): void {
    this.#request({ method: 'say', text })
  }

  whisper(text: string): void {
    this.#request({ method: 'whisper', text })
  }

  interrupt(heard: readonly HeardReply[], utteranceId?: string): void {
    this.#request({ method: 'interrupt', heard, utteranceId })
  }

  dismiss(utteranceId: string, unheard?: readonly string[]): void {
    this.#request({ method: 'dismiss', utteranceId, unheard })
  }

  answer(utteranceId: string, text: string): void {
    this.#request({ method: 'answer', utteranceId, text })
  }

  remember(text: string, whole?: boolean): void {
    this.#request({ method: 'remember', text, whole })
  }

  setPatience(extraMs: number): void {
    this.#request({ method: 'setPatience', extraMs })
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.#request({ method: 'setTools', tools })
  }

  returnToolResult(id: string, output: string, { reply }: { reply: boolean }): void {
    this.#request({ method: 'returnToolResult', id, output, reply })
  }

  close(): void {
    this.#request({ method: 'close' })
  }

  /** The engine says this. */
  receive({ event, ...details }: EngineAnswer): void {
    if (event === 'ready') this.#ready.resolve()
    else if (event === 'refused') this.#ready.reject(errorOf(details))
    else (this as EventEmitter).emit(event, eventValue(event, details))
  }
}

/** An event's value as it stands on a tape: audio in base64, an error without its cause. */
export function answerOf(event: EngineAnswer['event'], value: unknown): EngineAnswer {
  if (Array.isArray(value)) return { event, records: value }
  if (value instanceof Error) return { event, ...errorFields(value) }
  const details = (value ?? {}) as Record<string, unknown>
  if (details.payload instanceof Uint8Array) return { event, ...details, payload: base64(details.payload) }
  return { event, ...details }
}

function eventValue(event: keyof AgentEngineEvents, details: Record<string, unknown>): unknown {
  if (event === 'usage') return details.records
  if (event === 'failed') return errorOf(details)
  if (event === 'audio') return { ...details, payload: Buffer.from(String(details.payload), 'base64') }
  return details
}

function errorFields(error: Error): Record<string, unknown> {
  if (!(error instanceof CallError)) return { code: 'ENGINE_CONNECT', retryable: false, detail: null }
  return { code: error.code, retryable: error.retryable, detail: error.detail }
}

function errorOf({ code, retryable, detail }: Record<string, unknown>): CallError {
  return new CallError(code as CallErrorCode, 'The engine failed', {
    retryable: retryable === true,
    detail: typeof detail === 'string' ? detail : null
  })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
