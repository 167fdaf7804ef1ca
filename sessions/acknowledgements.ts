/**
 * What listeners say to mean "go on", by language (the primary subtag of BCP 47), without punctuation. Words that also
 * answer a question ("yes", "no") are left out: after a question they take the floor.
 */
const ACKNOWLEDGEMENTS: Readonly<Record<string, readonly string[]>> = {
  en: [
    'uh huh',
    'mm hm',
    'mm hmm',
    'mhm',
    'mm',
    'hm',
    'hmm',
    'okay',
    'ok',
    'yeah',
    'right',
    'sure',
    'i see',
    'got it',
    'alright'
  ],
  fr: ['mm', 'mhm', 'hum', 'hmm', "d'accord", 'ok', 'okay', 'ah oui', 'je vois', 'ça marche', 'très bien'],
  de: ['mhm', 'hm', 'hmm', 'aha', 'okay', 'ok', 'genau', 'verstehe', 'alles klar', 'ach so', 'gut'],
  es: ['ajá', 'mhm', 'hmm', 'vale', 'ok', 'okay', 'claro', 'ya', 'entiendo', 'de acuerdo'],
  it: ['mhm', 'hmm', 'ok', 'okay', 'va bene', 'certo', 'capisco', "d'accordo", 'ah ecco'],
  pt: ['aham', 'uhum', 'mhm', 'hmm', 'ok', 'okay', 'certo', 'entendi', 'tá', 'está bem'],
  nl: ['mhm', 'hm', 'hmm', 'oké', 'ok', 'okay', 'precies', 'ik snap het', 'goed', 'aha']
}

/** The list for a language tag such as `en` or `fr-CA`; of an unknown language, what all of them share. */
export function acknowledgementsOf(language: string): readonly string[] {
  return ACKNOWLEDGEMENTS[language.toLowerCase().split('-')[0]] ?? ['mhm', 'hmm', 'ok', 'okay']
}
