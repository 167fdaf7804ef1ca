import type { AgentEngine } from '../../../sessions/contracts/agent-engine.ts'
import type { Renewal } from '../engine-renewal.ts'
import type { Replacement } from '../failover-engine.ts'
import type { PastTurn } from '../past-turns.ts'

/** Of a conversation, so that the model is not told more than it can use. */
const TOLD_TURNS = 40

/** A new session in place of the lost one: it is told of the conversation, and asks for what it missed. */
export function realtimeReplacement(create: () => AgentEngine, apology: string): Replacement {
  return {
    create,
    takeOver(engine, past) {
      engine.whisper(`The line to you was lost, and is back. The call so far:\n${transcriptOf(past)}`)
      engine.say(apology)
    }
  }
}

/** OpenAI ends a session after 60 minutes, in whatever sentence. */
const RENEW_AFTER_MS = 55 * 60_000

/** A new session before the old one is over: it knows the conversation, and waits for the caller. */
export function realtimeRenewal(create: () => AgentEngine): Renewal {
  return {
    afterMs: RENEW_AFTER_MS,
    create,
    goOn(engine, past) {
      engine.whisper(`You are in the middle of this call; do not greet again. So far:\n${transcriptOf(past)}`)
    }
  }
}

function transcriptOf(past: readonly PastTurn[]): string {
  const names = { agent: 'You', caller: 'Caller', note: 'Note' }
  return past
    .slice(-TOLD_TURNS)
    .map(({ speaker, text }) => `${names[speaker]}: ${text}`)
    .join('\n')
}
