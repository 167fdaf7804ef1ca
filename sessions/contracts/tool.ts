import type { ToolSpec } from './agent-profile.ts'

/** A thing the agent may do. */
export interface Tool {
  readonly spec: ToolSpec
  /** Longest run, in ms; absent: 10 s. */
  readonly deadlineMs?: number
  /** What is wrong with arguments, in words for the model; null: nothing. absent: `run` takes whatever comes. */
  readonly check?: (args: Readonly<Record<string, unknown>>) => string | null
  /**
   * Parsed arguments in, text for the model out. Rejections become an error output that the model can speak of; it is
   * told what a ToolFailure says.
   */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<string>
}

export interface ToolContext {
  readonly callId: string
  /** E.164, or null. */
  readonly from: string | null
  readonly to: string | null
  /** Aborts when the call ends or the tool's deadline passes. */
  readonly signal: AbortSignal
}

/** The tools of one call. */
export interface AgentTools {
  readonly tools: readonly Tool[]
  /** More, from servers that have not told yet what they have; null: there are none to wait for. Never rejects. */
  readonly later: Promise<readonly Tool[]> | null
}
