/** What the caller hears where a service fails. */
export interface FailurePhrases {
  readonly apology: string
  /** Where it is not known what the caller has said meanwhile. */
  readonly repeat: string
  readonly goodbye: string
}

const ENGLISH: FailurePhrases = {
  apology: 'Sorry, one moment please.',
  repeat: 'Sorry, I lost you for a moment. Could you say that again?',
  goodbye: 'I am sorry, we have a technical problem. Please call again later. Goodbye.'
}

/** By ISO 639-1. */
const PHRASES: Readonly<Record<string, FailurePhrases>> = {
  en: ENGLISH,
  fr: {
    apology: 'Excusez-moi, un instant s’il vous plaît.',
    repeat: 'Excusez-moi, je vous ai perdu un instant. Pouvez-vous répéter ?',
    goodbye: 'Je suis désolé, nous avons un problème technique. Veuillez rappeler plus tard. Au revoir.'
  },
  de: {
    apology: 'Entschuldigung, einen Moment bitte.',
    repeat: 'Entschuldigung, ich habe Sie kurz nicht gehört. Können Sie das wiederholen?',
    goodbye:
      'Es tut mir leid, wir haben ein technisches Problem. Bitte rufen Sie später wieder an. Auf Wiederhören.'
  },
  es: {
    apology: 'Disculpe, un momento por favor.',
    repeat: 'Disculpe, le he perdido un momento. ¿Puede repetirlo?',
    goodbye: 'Lo siento, tenemos un problema técnico. Por favor, llame más tarde. Adiós.'
  },
  it: {
    apology: 'Mi scusi, un momento per favore.',
    repeat: 'Mi scusi, l’ho persa per un momento. Può ripetere?',
    goodbye: 'Mi dispiace, abbiamo un problema tecnico. Richiami più tardi, per favore. Arrivederci.'
  },
  nl: {
    apology: 'Excuses, een ogenblik alstublieft.',
    repeat: 'Excuses, ik was u even kwijt. Kunt u dat herhalen?',
    goodbye: 'Het spijt me, we hebben een technisch probleem. Belt u later terug. Tot ziens.'
  },
  pt: {
    apology: 'Desculpe, um momento por favor.',
    repeat: 'Desculpe, perdi-o por um momento. Pode repetir?',
    goodbye: 'Lamento, temos um problema técnico. Por favor, ligue mais tarde. Adeus.'
  }
}

/** `language`: BCP 47; English where there are no phrases in it. */
export function failurePhrases(language: string): FailurePhrases {
  return PHRASES[language.split('-')[0].toLowerCase()] ?? ENGLISH
}
