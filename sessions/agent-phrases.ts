/** What an agent says of its own accord, in one language. */
export interface AgentPhrases {
  /** While the caller waits for something that takes time. */
  readonly fillers: readonly string[]
  /** To a caller who has fallen silent. */
  readonly reminders: readonly string[]
  /** To a caller who does not answer any more. */
  readonly silent: string
  /** Where the call has become as long as it may. */
  readonly timeUp: string
  /** To a caller who wants to end the call. */
  readonly goodbye: string
}

/** By language (ISO 639-1). */
const PHRASES: Readonly<Record<string, AgentPhrases>> = {
  de: {
    fillers: ['Einen Moment bitte.', 'Ich sehe kurz nach.', 'Das haben wir gleich.'],
    reminders: ['Sind Sie noch da?', 'Hallo, hören Sie mich?'],
    silent: 'Ich höre Sie leider nicht mehr. Auf Wiederhören!',
    timeUp: 'Unsere Zeit ist um, ich muss mich verabschieden. Auf Wiederhören!',
    goodbye: 'Auf Wiederhören!'
  },
  en: {
    fillers: ['One moment, please.', 'Let me check that.', 'Just a second.'],
    reminders: ['Are you still there?', 'Hello, can you hear me?'],
    silent: "I can't hear you any more, so I'll hang up now. Goodbye!",
    timeUp: 'Our time is up, so I have to say goodbye. Thank you for calling!',
    goodbye: 'Goodbye!'
  },
  es: {
    fillers: ['Un momento, por favor.', 'Déjeme comprobarlo.', 'Un segundo.'],
    reminders: ['¿Sigue usted ahí?', 'Hola, ¿me oye?'],
    silent: 'Ya no le oigo, así que voy a colgar. ¡Adiós!',
    timeUp: 'Se nos ha acabado el tiempo y tengo que despedirme. ¡Gracias por llamar!',
    goodbye: '¡Adiós!'
  },
  fr: {
    fillers: ["Un instant, s'il vous plaît.", 'Je vérifie cela.', 'Une seconde.'],
    reminders: ['Vous êtes toujours là ?', "Allô, vous m'entendez ?"],
    silent: 'Je ne vous entends plus, je vais raccrocher. Au revoir !',
    timeUp: 'Nous arrivons au bout du temps prévu, je dois vous dire au revoir. Merci de votre appel !',
    goodbye: 'Au revoir !'
  },
  it: {
    fillers: ['Un attimo, per favore.', 'Controllo subito.', 'Un secondo.'],
    reminders: ['È ancora in linea?', 'Pronto, mi sente?'],
    silent: 'Non la sento più, quindi riaggancio. Arrivederci!',
    timeUp: 'Il tempo a disposizione è finito, devo salutarla. Grazie della chiamata!',
    goodbye: 'Arrivederci!'
  },
  nl: {
    fillers: ['Een ogenblik alstublieft.', 'Ik kijk het even na.', 'Een seconde.'],
    reminders: ['Bent u er nog?', 'Hallo, kunt u mij horen?'],
    silent: 'Ik hoor u niet meer, dus ik hang nu op. Tot ziens!',
    timeUp: 'Onze tijd is om, dus ik moet afscheid nemen. Bedankt voor het bellen!',
    goodbye: 'Tot ziens!'
  },
  pt: {
    fillers: ['Um momento, por favor.', 'Vou verificar.', 'Só um segundo.'],
    reminders: ['Ainda está aí?', 'Alô, consegue me ouvir?'],
    silent: 'Já não consigo ouvir, por isso vou desligar. Até logo!',
    timeUp: 'O nosso tempo acabou e tenho de me despedir. Obrigado por ligar!',
    goodbye: 'Até logo!'
  }
}

/**
 * `language`: BCP 47. What must be said is said in English where the language is none of ours; what need not be is
 * left out.
 */
export function phrasesOf(language: string): AgentPhrases {
  const own = PHRASES[language.split('-')[0]?.toLowerCase() ?? '']
  return own ?? { ...(PHRASES.en as AgentPhrases), fillers: [] }
}
