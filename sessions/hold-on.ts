/** "Hold on, let me get my card", by language (ISO 639-1). Letters without their accents, all small. */
const WORDINGS: Readonly<Record<string, RegExp>> = {
  de: /\b(moment|augenblick|sekunde|warten sie|ich (schaue|suche|hole|sehe)|bleiben sie dran)\b/,
  en: /\b(hold on|hang on|bear with me|wait a|one (moment|second|sec|minute)|(just|give me) a (moment|second|sec|minute)|let me (check|see|look|get|find|grab|think))\b/,
  es: /\b(un (momento|segundo|minuto|momentito)|espere|espera|dejeme|voy a buscar)\b/,
  fr: /\b(un (instant|moment)|une (seconde|minute)|attendez|patientez|ne quittez pas|je (cherche|regarde|vais chercher)|laissez-moi)\b/,
  it: /\b(un (attimo|momento|secondo|minuto)|aspetti|mi lasci)\b/,
  nl: /\b(moment|momentje|ogenblik|even (kijken|zoeken|pakken)|wacht even|blijf hangen)\b/,
  pt: /\b(um (momento|segundo|minuto|instante|momentinho)|espere|espera|aguarde|deixe-me)\b/
}

/** Whether the caller asks the agent to wait. `language`: BCP 47; English where it is none of ours. */
export function asksToWait(text: string, language: string): boolean {
  const plain = text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
  return (WORDINGS[language.split('-')[0]?.toLowerCase() ?? ''] ?? (WORDINGS.en as RegExp)).test(plain)
}
