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
