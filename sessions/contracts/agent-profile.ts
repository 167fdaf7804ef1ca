import type { EngineName } from './agent-engine.ts'

/** Who answers a dialled number: instructions, voice, engine and tools. */
export interface AgentProfile {
  readonly id: string
  readonly name: string
  readonly instructions: string
  /** Spoken first, word for word. */
  readonly greeting: string
  /** The provider's voice name; null: the configured default. */
  readonly voice: string | null
  /** null: the configured default (AGENT_ENGINE). */
  readonly engine: EngineName | null
  /** BCP 47, for example `en`. */
  readonly language: string
  /** Longest call in seconds; null: MAX_CALL_SECONDS. */
  readonly maxCallSeconds: number | null
  /** Whether the goodbye is spoken to its end even when the caller talks over it. */
  readonly protectGoodbye: boolean
  readonly interruption: InterruptionPolicy
  /** What the agent's model may call, beside `end_call`. */
  readonly tools: readonly AgentTool[]
  /** Said while the caller waits for a tool; null: those of the agent's language. Empty: none. */
  readonly fillerPhrases: readonly string[] | null
  /** Whom `transfer_call` may hand the caller over to; nobody else, whatever a caller asks for. */
  readonly transferTargets: readonly TransferTarget[]
  /** What a caller says who wants to end the call. */
  readonly endCallPhrases: readonly string[]
  /** What becomes of a call in which nobody speaks. */
  readonly silence: SilencePolicy
  /** The agent's last words where the call is ended over its head; null: those of its language. */
  readonly goodbyeMessage: string | null
  /** How much longer than usual callers may pause, in ms, while they give a number, an address or a spelling. */
  readonly patienceMs: number
  /** What becomes of an outbound call that a machine takes; `off`: the carrier is not asked to tell machines. */
  readonly machineDetection: 'off' | 'hang_up' | 'leave_message'
  /** Said after the beep with `leave_message`. */
  readonly voicemailMessage: string
  /** Whether calls are kept as recordings; null: as RECORD_CALLS says. */
  readonly recordCalls: boolean | null
  /**
   * Said before the greeting where calls are recorded; the recording begins once it has been heard, and ends, deleted,
   * where the caller refuses. Empty: nothing is said, and the recording begins with the call.
   */
  readonly recordingConsent: string
  /** Recordings are deleted so many days after their call; null: never. */
  readonly recordingRetentionDays: number | null
  /** Told of each call that has ended, in place of CALL_WEBHOOK_URL; null: that one. */
  readonly webhookUrl: string | null
  /** What the chat model finds out of each call that has ended; null: it is not asked. */
  readonly analysis: CallAnalysisRequest | null
}

/** What is asked of the chat model after a call. */
export interface CallAnalysisRequest {
  /** Whether it sums the call up. */
  readonly summary: boolean
  /** JSON Schema of an object to fill from the conversation; null: none. */
  readonly schema: Readonly<Record<string, unknown>> | null
  /** When the call counts as a success, in words; null: no verdict. */
  readonly successCriteria: string | null
}

export interface TransferTarget {
  /** As callers ask for it: "sales". */
  readonly name: string
  /** E.164. */
  readonly number: string
}

/** When the caller, speaking over the agent, takes the floor. */
export interface InterruptionPolicy {
  /** Speech shorter than this does not stop the agent; 0: any speech does, at once. */
  readonly minSpeechMs: number
  /** Fewer words than this do not stop the agent; 0: it is stopped before there are words. */
  readonly minWords: number
  /** Words that leave the floor to the agent: "okay"; null: those of the agent's language. */
  readonly acknowledgements: readonly string[] | null
  /** Whether the agent goes on with its reply where it was stopped for nothing. */
  readonly resume: boolean
}

/** When a call falls silent: the caller is asked whether they are there, and then the call ends. */
export interface SilencePolicy {
  /** Nobody has spoken for so long, in seconds; 0: silence is left alone. */
  readonly afterSeconds: number
  /** How often the caller is asked before the agent says goodbye. */
  readonly reminders: number
  /** How they are asked, in turn; null: in the words of the agent's language. */
  readonly phrases: readonly string[] | null
}

/** A tool of ours by its name, or one that the agent's owner declares. */
export type AgentTool = string | HttpToolSpec | McpServerSpec

/** A function that is called by a signed POST to its owner's URL. */
export interface HttpToolSpec extends ToolSpec {
  readonly type: 'http'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** The whole call, its second attempt included; absent: 10 s. */
  readonly timeoutMs?: number
  /** Of Standard Webhooks, `whsec_` and base64: what the requests are signed with. */
  readonly secret?: string
}

/** A server of the Model Context Protocol (streamable HTTP), whose tools the model may call. */
export interface McpServerSpec {
  readonly type: 'mcp'
  readonly name: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** absent: all that it has. */
  readonly allowedTools?: readonly string[]
}

/** A function that the agent's model may call, described by JSON Schema. */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  readonly parameters: Record<string, unknown>
}
