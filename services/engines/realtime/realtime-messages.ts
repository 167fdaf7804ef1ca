import type {
  RealtimeAudioFormats,
  RealtimeAudioInputTurnDetection,
  RealtimeConversationItemAssistantMessage,
  RealtimeConversationItemFunctionCallOutput,
  RealtimeConversationItemSystemMessage,
  RealtimeConversationItemUserMessage,
  RealtimeFunctionTool,
  RealtimeResponse,
  RealtimeResponseUsage,
  ResponseCreateEvent,
  SessionUpdateEvent
} from 'openai/resources/realtime/realtime'
import { type AudioFormat, PCM16_24K, sameFormat } from '../../../audio/format.ts'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import { REST_INSTRUCTIONS } from '../rest-instructions.ts'

const PROVIDER = 'openai'

/** Telephone speech is full of short pauses; less than this cuts callers off between words. */
const SILENCE_DURATION_MS = 500
const PREFIX_PADDING_MS = 300
const VAD_THRESHOLD = 0.5

/** The call's own format where the service speaks it, so that nothing is converted; else PCM16 at 24 kHz. */
export function engineFormat(audio: 'auto' | 'pcm', call: AudioFormat): AudioFormat {
  const spoken = call.encoding !== 'pcm16' || sameFormat(call, PCM16_24K)
  return audio === 'auto' && spoken ? call : PCM16_24K
}

export interface SessionSettings {
  readonly profile: AgentProfile
  readonly voice: string
  readonly format: AudioFormat
  readonly tools: readonly ToolSpec[]
  readonly transcriptionModel: string
}

/** `session.update` in its GA shape. The service finds the turns, answers them, and stops itself at a barge-in. */
export function sessionUpdate(settings: SessionSettings): SessionUpdateEvent {
  const { profile, voice, tools, transcriptionModel } = settings
  const format = wireFormat(settings.format)
  return {
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: profile.instructions,
      tools: tools.map(functionTool),
      audio: {
        input: {
          format,
          // A handset is held close to the mouth.
          noise_reduction: { type: 'near_field' },
          // Transcription takes ISO 639-1, the part of BCP 47 before any hyphen.
          transcription: { model: transcriptionModel, language: profile.language.split('-')[0] },
          turn_detection: turnDetection(0)
        },
        output: { format, voice }
      }
    }
  }
}

/** `session.update` that changes one thing: the silence that ends the caller's turn, by so many ms more than usual. */
export function patienceUpdate(extraMs: number): SessionUpdateEvent {
  const session = { type: 'realtime' as const, audio: { input: { turn_detection: turnDetection(extraMs) } } }
  return { type: 'session.update', session }
}

/** The same for what the model may call. */
export function toolsUpdate(tools: readonly ToolSpec[]): SessionUpdateEvent {
  return { type: 'session.update', session: { type: 'realtime', tools: tools.map(functionTool) } }
}

function turnDetection(extraMs: number): RealtimeAudioInputTurnDetection.ServerVad {
  return {
    type: 'server_vad',
    threshold: VAD_THRESHOLD,
    prefix_padding_ms: PREFIX_PADDING_MS,
    silence_duration_ms: SILENCE_DURATION_MS + extraMs,
    create_response: true,
    // We decide what interrupts the agent, and cancel: a cough or an echo must not.
    interrupt_response: false
  }
}

function functionTool({ name, description, parameters }: ToolSpec): RealtimeFunctionTool {
  return { type: 'function', name, description, parameters }
}

function wireFormat(format: AudioFormat): RealtimeAudioFormats {
  switch (format.encoding) {
    case 'pcmu':
      return { type: 'audio/pcmu' }
    case 'pcma':
      return { type: 'audio/pcma' }
    case 'pcm16':
      return { type: 'audio/pcm', rate: 24_000 }
  }
}

/** A response that speaks this text and nothing else: it neither sees the conversation nor may call a tool. */
export function verbatimResponse(text: string): ResponseCreateEvent {
  const instructions = `Say exactly the following to the caller, word for word, and nothing else: "${text}"`
  return { type: 'response.create', response: { instructions, input: [], tool_choice: 'none' } }
}

/** A response that ends what noise broke off, for an agent of these instructions. */
export function restResponse(agentInstructions: string): ResponseCreateEvent {
  const instructions = `${agentInstructions}\n\n${REST_INSTRUCTIONS}`
  return { type: 'response.create', response: { instructions } }
}

/** A response to whatever the conversation now holds. */
export function plainResponse(): ResponseCreateEvent {
  return { type: 'response.create' }
}

/** An item that we put into the conversation. */
export type OwnItem =
  | RealtimeConversationItemFunctionCallOutput
  | RealtimeConversationItemAssistantMessage
  | RealtimeConversationItemSystemMessage
  | RealtimeConversationItemUserMessage

export function textItem(role: 'system' | 'user', text: string): OwnItem {
  const content = [{ type: 'input_text' as const, text }]
  return role === 'system' ? { type: 'message', role, content } : { type: 'message', role, content }
}

/** What the agent is to know that it said. */
export function spokenItem(text: string): OwnItem {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }
}

export function toolResultItem(callId: string, output: string): OwnItem {
  return { type: 'function_call_output', call_id: callId, output }
}

/** Why a response ended without being completed or cancelled; null where it did not. */
export function responseFault({ status, status_details: details }: RealtimeResponse): string | null {
  if (status === 'failed') return details?.error?.code ?? 'response_failed'
  if (status === 'incomplete') return details?.reason ?? 'response_incomplete'
  return null
}

/** What a response costs. The service counts cached tokens within the input; here they are apart. */
export function responseUsage(model: string, usage: RealtimeResponseUsage): UsageRecord[] {
  const input = usage.input_token_details
  const textTokens = input?.text_tokens ?? (usage.input_tokens ?? 0) - (input?.audio_tokens ?? 0)
  const audioTokens = input?.audio_tokens ?? 0
  const details = input?.cached_tokens_details
  const cachedText = Math.min(details?.text_tokens ?? input?.cached_tokens ?? 0, textTokens)
  const cachedAudio = Math.min(details?.audio_tokens ?? (input?.cached_tokens ?? 0) - cachedText, audioTokens)
  const output = usage.output_token_details
  return records(model, 'llm', {
    text_input_token: textTokens - cachedText,
    cached_text_input_token: cachedText,
    audio_input_token: audioTokens - cachedAudio,
    cached_audio_input_token: cachedAudio,
    text_output_token: output?.text_tokens ?? (usage.output_tokens ?? 0) - (output?.audio_tokens ?? 0),
    audio_output_token: output?.audio_tokens ?? 0
  })
}

export interface TranscriptionUsage {
  readonly type: 'tokens' | 'duration'
  readonly seconds?: number
  readonly input_tokens?: number
  readonly output_tokens?: number
  readonly input_token_details?: { readonly text_tokens?: number; readonly audio_tokens?: number }
}

/** What the transcription of one utterance costs; billed apart from the responses, by tokens or by the second. */
export function transcriptionUsage(model: string, usage: TranscriptionUsage): UsageRecord[] {
  if (usage.type === 'duration') return records(model, 'stt', { second: usage.seconds ?? 0 })
  const textTokens = usage.input_token_details?.text_tokens ?? 0
  return records(model, 'stt', {
    text_input_token: textTokens,
    audio_input_token: usage.input_token_details?.audio_tokens ?? (usage.input_tokens ?? 0) - textTokens,
    text_output_token: usage.output_tokens ?? 0
  })
}

function records(model: string, kind: 'llm' | 'stt', quantities: Record<string, number>): UsageRecord[] {
  return Object.entries(quantities)
    .filter(([, quantity]) => quantity > 0)
    .map(([unit, quantity]) => ({ provider: PROVIDER, model, kind, unit, quantity }))
}
