import type { AgentEngineEvents } from '../../sessions/contracts/agent-engine.ts'

/** Everything that an engine tells, for whoever passes it on. */
export const ENGINE_EVENTS = [
  'callerSpeechStarted',
  'callerSpeechStopped',
  'callerTranscript',
  'audio',
  'agentTranscript',
  'replyDone',
  'toolCall',
  'misheard',
  'usage',
  'trouble',
  'failed'
] as const satisfies (keyof AgentEngineEvents)[]

/** The fields of all of them: each has some. */
export interface EventFields {
  readonly utteranceId: string
  readonly replyId: string
  readonly text: string
  readonly delta: string
  readonly id: string
  readonly payload: Uint8Array
}
