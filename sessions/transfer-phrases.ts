import type { TransferOutcome } from './contracts/carrier.ts'

type Failure = Extract<TransferOutcome, 'busy' | 'no_answer' | 'rejected' | 'failed'>

/** What the agent says as it comes back to the caller, by language (ISO 639-1). */
const PHRASES: Readonly<Record<string, { readonly busy: string; readonly other: string }>> = {
  de: {
    busy: 'Dort ist gerade besetzt. Wie kann ich Ihnen sonst helfen?',
    other: 'Dort geht gerade niemand ans Telefon. Wie kann ich Ihnen sonst helfen?'
  },
  en: {
    busy: "I'm sorry, the line is busy. How else can I help you?",
    other: "I'm sorry, they don't answer. How else can I help you?"
  },
  es: {
    busy: 'Lo siento, la línea está ocupada. ¿En qué más puedo ayudarle?',
    other: 'Lo siento, no contestan. ¿En qué más puedo ayudarle?'
  },
  fr: {
    busy: 'Je suis désolé, la ligne est occupée. Comment puis-je vous aider autrement ?',
    other: 'Je suis désolé, personne ne répond. Comment puis-je vous aider autrement ?'
  }
}

/** `language`: BCP 47; English where there is nothing in it. */
export function comeBackPhrase(outcome: Failure, language: string): string {
  const phrases = PHRASES[language.split('-')[0].toLowerCase()] ?? PHRASES.en
  return outcome === 'busy' ? phrases.busy : phrases.other
}
