import type { AgentProfile, InterruptionPolicy, SilencePolicy } from '../sessions/contracts/agent-profile.ts'

/** Any speech stops the agent at once; it goes on where the speech was nothing, or meant "go on". */
export const DEFAULT_INTERRUPTION: InterruptionPolicy = {
  minSpeechMs: 0,
  minWords: 0,
  acknowledgements: null,
  resume: true
}

/** Twice "are you still there?", and a goodbye to a line that stays silent. */
export const DEFAULT_SILENCE: SilencePolicy = { afterSeconds: 15, reminders: 2, phrases: null }

/** Who answers a number that nobody is assigned to, until the operator says otherwise. */
export const DEFAULT_AGENT: AgentProfile = {
  id: 'default',
  name: 'Receptionist',
  instructions: [
    'You are the receptionist of a small shop, on the phone. Be warm and brief: one or two short sentences a turn.',
    'Speak plainly; never read out lists, markup or web addresses. Say numbers the way people say them on the phone.',
    'Ask for one thing at a time, and repeat back what you book or note. If you did not understand, say so and ask.',
    'When the caller says goodbye or wants nothing more, say goodbye and then call the function end_call.'
  ].join('\n'),
  greeting: 'Hello, thank you for calling. How can I help you?',
  voice: null,
  engine: null,
  language: 'en',
  maxCallSeconds: null,
  protectGoodbye: false,
  interruption: DEFAULT_INTERRUPTION,
  tools: ['search_products'],
  fillerPhrases: null,
  transferTargets: [],
  endCallPhrases: [],
  silence: DEFAULT_SILENCE,
  goodbyeMessage: null,
  patienceMs: 800,
  machineDetection: 'off',
  voicemailMessage: '',
  recordCalls: null,
  recordingConsent: '',
  recordingRetentionDays: null,
  webhookUrl: null,
  analysis: null
}
