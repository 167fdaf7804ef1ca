import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { productSentence } from '../../../services/tools/product-sentence.ts'

const lamp = { name: 'Lampe', description: '', price: 49.9, currency: 'EUR', in_stock: true }

/** Intl separates with spaces of several kinds. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

describe('what is said of products', () => {
  for (const [language, products, sentence] of [
    ['en', [], "I'm sorry, I didn't find anything like that."],
    ['fr-CA', [], "Je suis désolé, je n'ai rien trouvé de tel."],
    ['en-GB', [lamp], 'Lampe costs 49.90 euros and is in stock.'],
    ['fr', [lamp], 'Lampe coûte 49,90 euros et est en stock.'],
    ['fr', [{ ...lamp, in_stock: false }], "Lampe coûte 49,90 euros et n'est pas en stock pour le moment."],
    ['en', [{ ...lamp, price: 20, currency: 'USD' }], 'Lampe costs 20 US dollars and is in stock.'],
    ['en', [{ ...lamp, price: null }], 'Lampe is in stock.'],
    ['xh', [lamp], 'Lampe costs 49.90 euros and is in stock.'],
    [
      'fr',
      [lamp, { ...lamp, name: 'Lustre' }, { ...lamp, name: 'Bougie' }],
      "J'ai trouvé 3 articles qui correspondent. Lampe coûte 49,90 euros et est en stock. Lustre coûte 49,90 euros et est en stock."
    ]
  ] as const) {
    it(`is "${sentence}" in ${language}`, () => {
      assert.equal(plain(productSentence(products, language)), sentence)
    })
  }
})
