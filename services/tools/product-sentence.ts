import type { FoundProduct } from './search-products.ts'

/** How a product is told of, by language (ISO 639-1). */
interface Wording {
  readonly none: string
  readonly found: (count: number) => string
  readonly costs: (name: string, price: string) => string
  readonly inStock: string
  readonly soldOut: string
}

/** More than two, and nobody remembers the first. */
const SPOKEN = 2

const WORDINGS: Readonly<Record<string, Wording>> = {
  de: {
    none: 'Dazu habe ich leider nichts gefunden.',
    found: (count) => `Ich habe ${count} passende Artikel gefunden.`,
    costs: (name, price) => `${name} kostet ${price}`,
    inStock: 'und ist vorrätig',
    soldOut: 'und ist zurzeit nicht vorrätig'
  },
  en: {
    none: "I'm sorry, I didn't find anything like that.",
    found: (count) => `I found ${count} that fit.`,
    costs: (name, price) => `${name} costs ${price}`,
    inStock: 'and is in stock',
    soldOut: 'and is out of stock at the moment'
  },
  es: {
    none: 'Lo siento, no he encontrado nada parecido.',
    found: (count) => `He encontrado ${count} que encajan.`,
    costs: (name, price) => `${name} cuesta ${price}`,
    inStock: 'y está disponible',
    soldOut: 'y está agotado por el momento'
  },
  fr: {
    none: "Je suis désolé, je n'ai rien trouvé de tel.",
    found: (count) => `J'ai trouvé ${count} articles qui correspondent.`,
    costs: (name, price) => `${name} coûte ${price}`,
    inStock: 'et est en stock',
    soldOut: "et n'est pas en stock pour le moment"
  }
}

/** What was found, as it is said on the phone. `language`: BCP 47; English where it is none that we speak. */
export function productSentence(products: readonly FoundProduct[], language: string): string {
  const subtag = language.split('-')[0]?.toLowerCase() ?? ''
  const known = subtag in WORDINGS
  const wording = WORDINGS[subtag] ?? (WORDINGS.en as Wording)
  if (products.length === 0) return wording.none
  const told = products.slice(0, SPOKEN).map((product) => sentence(product, wording, known ? language : 'en'))
  return [...(products.length > 1 ? [wording.found(products.length)] : []), ...told].join(' ')
}

function sentence(product: FoundProduct, wording: Wording, language: string): string {
  const { name, price, currency, in_stock } = product
  const stock = in_stock ? wording.inStock : wording.soldOut
  // Without its "and".
  if (price === null) return `${name} ${stock.slice(stock.indexOf(' ') + 1)}.`
  return `${wording.costs(name, spokenPrice(price, currency, language))} ${stock}.`
}

/** "49.90 euros": whole amounts without their cents. */
function spokenPrice(price: number, currency: string, language: string): string {
  const whole = Number.isInteger(price) ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}
  const style = { style: 'currency', currency, currencyDisplay: 'name', ...whole } as const
  return new Intl.NumberFormat(language, style).format(price)
}
