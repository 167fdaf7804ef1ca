/** How a language asks for what is answered with pauses. Letters without their accents, all small. */
interface Wording {
  /** What is read out in groups, or letter by letter. */
  readonly topic: RegExp
  /** What makes a request of a sentence, besides a question mark. */
  readonly request: RegExp
}

/** By language (ISO 639-1). */
const WORDINGS: Readonly<Record<string, Wording>> = {
  de: {
    topic:
      /(nummer|telefon|handy|ziffern|zahlen|code|pin|postleitzahl|plz|e-?mail|adresse|buchstabier|geburtsdatum|iban|kennzeichen)/,
    request: /(nennen|sagen|geben|buchstabier|wiederhol|diktier|bitte|brauche|benotige|welche|wie lautet)/
  },
  en: {
    topic:
      /\b((phone|telephone|mobile|cell|contact|account|order|reference|booking|customer|card|tracking|policy|member|membership|confirmation|serial|invoice|case|ticket|licen[cs]e|passport|security|flight|room|house|street|registration|plate) (number|code|id)|(your|the|that|which|what) (number|code|pin|digits)|digits|zip ?code|post ?code|postal code|pin code|e-?mail|address|spell|letter by letter|date of birth|iban)\b/,
    request:
      /\b(give|tell|say|spell|enter|repeat|provide|share|need|please|what is|what's|could you|can you|may i)\b/
  },
  es: {
    topic:
      /(numero|telefono|movil|digitos|cifras|codigo|pin|correo|e-?mail|direccion|deletre|fecha de nacimiento|matricula|iban)/,
    request: /(digame|deme|dar|decir|repet|repit|deletre|necesito|por favor|cual)/
  },
  fr: {
    topic:
      /(numero|telephone|portable|chiffres|code|e-?mail|mail|courriel|adresse|epel|lettre par lettre|date de naissance|reference|immatriculation|iban)/,
    request:
      /(donne|dites|dire|epel|repet|quel|pouvez|pourriez|puis-je|il me faut|besoin|s'il vous plait|communiqu)/
  },
  it: {
    topic:
      /(numero|telefono|cellulare|cifre|codice|pin|e-?mail|posta elettronica|indirizzo|compit|lettera per lettera|data di nascita|targa|iban)/,
    request: /(dica|dirmi|dia|dare|darmi|ripet|compit|serve|per favore|qual)/
  },
  nl: {
    topic:
      /(nummer|telefoon|cijfers|code|pin|postcode|e-?mail|adres|spel|letter voor letter|geboortedatum|kenteken|iban)/,
    request: /(geef|geven|zeg|herhaal|spel|nodig|alstublieft|graag|wat is|welk)/
  },
  pt: {
    topic:
      /(numero|telefone|celular|telemovel|digitos|codigo|pin|cep|e-?mail|endereco|morada|soletr|data de nascimento|matricula|iban)/,
    request: /(diga|dizer|dar|de-me|me de|informe|repet|repit|soletr|preciso|por favor|qual)/
  }
}

/** Whether this reply asks for a number, an address or a spelling. `language`: BCP 47; English where it is none of ours. */
export function asksForPauses(text: string, language: string): boolean {
  const { topic, request } = WORDINGS[language.split('-')[0]?.toLowerCase() ?? ''] ?? (WORDINGS.en as Wording)
  return sentencesOf(text).some(
    (sentence) => topic.test(sentence) && (sentence.endsWith('?') || request.test(sentence))
  )
}

function sentencesOf(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll('’', "'")
    .toLowerCase()
  return (plain.match(/[^.!?]+[.!?]?/g) ?? []).map((sentence) => sentence.trim())
}
