import type { ToolSpec } from './agent-profile.ts'

/** A thing the agent may do. */
export interface Tool {
  readonly spec: ToolSpec
  /** Longest run; absent: 10 s. */
  readonly deadlineMs?: number
  /** Parsed arguments in, text for the model out. Rejections become an error output that the model can speak of. */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<string>
}

export interface ToolContext {
  readonly callId: string
  /** Aborts when the call ends or the tool's deadline passes. */
  readonly signal: AbortSignal
}
