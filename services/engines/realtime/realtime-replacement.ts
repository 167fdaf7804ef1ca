import type { AgentEngine } from '../../../sessions/contracts/agent-engine.ts'
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

function transcriptOf(past: readonly PastTurn[]): string {
  const names = { agent: 'You', caller: 'Caller', note: 'Note' }
  return past
    .slice(-TOLD_TURNS)
    .map(({ speaker, text }) => `${names[speaker]}: ${text}`)
    .join('\n')
}
