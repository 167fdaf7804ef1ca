import type { AgentProfile } from '../../../sessions/contracts/agent-profile.ts'

/** The agent's instructions, and what a model that writes must know to be spoken. */
export function spokenInstructions({ instructions, language }: AgentProfile): string {
  const name = new Intl.DisplayNames('en', { type: 'language' }).of(language) ?? language
  return `${instructions}

You are on the telephone: what you write is spoken aloud as it stands. Write plain sentences, short ones first, without lists, headings, emoji or other marks, and numbers as they are said. What the caller says is transcribed and may be misheard. Speak ${name} unless the caller speaks another language.`
}
